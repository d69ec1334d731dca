/** Dates as SQL writes them, in a time zone. */

/** `yyyy-MM-dd`, `HH:mm:ss.SSS` and both with a space between. */
export type SqlTimeStyle = 'date' | 'time' | 'timestamp'

/** The zone is an IANA name, `UTC` too. */
export function sqlTime(zone: string): (value: Date, style: SqlTimeStyle) => string {
  const offset = zone === 'UTC' ? () => 0 : offsetOf(zone)
  return (value, style) => {
    const text = new Date(value.getTime() + offset(value)).toISOString().replace('T', ' ').replace('Z', '')
    const space = text.indexOf(' ')
    return style === 'date' ? text.slice(0, space) : style === 'time' ? text.slice(space + 1) : text
  }
}

export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** Ms that the zone's clocks are ahead of UTC. */
function offsetOf(zone: string): (value: Date) => number {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
  return (value) => {
    const name = format.formatToParts(value).find((part) => part.type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes, seconds] = /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(name) ?? []
    const ms = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1000
    return sign === '-' ? -ms : ms
  }
}
