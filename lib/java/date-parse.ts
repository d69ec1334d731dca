/** One letter of a date pattern read from a text: `SimpleDateFormat.subParse`. */
import type { CalendarFields, FieldName } from './calendar-fields.ts'
import { ERAS, MERIDIEMS, MONTHS, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS } from './date-names.ts'
import { LONGEST_ZONE, ZONES } from './zone-names.ts'

export interface ParseState {
  readonly into: CalendarFields
  readonly startYear: number
  /** The year was the two digits of the first year of the century: the rest of the date decides which it is. */
  ambiguous: boolean
}

const NUMBERS: Readonly<Record<string, FieldName>> = {
  d: 'day',
  H: 'hourOfDay',
  m: 'minute',
  s: 'second',
  S: 'ms',
  D: 'dayOfYear',
  F: 'dayOfWeekInMonth',
  w: 'weekOfYear',
  W: 'weekOfMonth',
  K: 'hour',
}

/** The position after the field, -1 where it doesn't match. `text` has ASCII digits only. */
export function parseElement(
  text: string,
  start: number,
  { letter, count }: { readonly letter: string; readonly count: number },
  obeyCount: boolean,
  state: ParseState,
): number {
  let at = start
  while (text[at] === ' ' || text[at] === '\t') at++
  if (at >= text.length) return -1
  const { into } = state
  const number = () => readNumber(text, at, obeyCount ? start + count : text.length)
  switch (letter) {
    case 'G':
      return matchName(text, start, [ERAS], (i) => into.set('era', i))
    case 'a':
      return matchName(text, start, [MERIDIEMS], (i) => into.set('meridiem', i))
    case 'E':
      return matchName(text, start, [WEEKDAYS, SHORT_WEEKDAYS], (i) => into.set('dayOfWeek', i + 1))
    case 'M':
    case 'L':
      if (count > 2) return matchName(text, start, [MONTHS, SHORT_MONTHS], (i) => into.set('month', i))
      return take(number(), (value) => into.set('month', value - 1))
    case 'y':
    case 'Y':
      return parseYear(text, at, letter === 'Y' ? 'weekYear' : 'year', count, number(), state)
    case 'k':
      return take(number(), (value) => into.set('hourOfDay', value === 24 ? 0 : value))
    case 'h':
      return take(number(), (value) => into.set('hour', value === 12 ? 0 : value))
    case 'u':
      return take(number(), (value) => into.set('dayOfWeek', value < 1 || value > 7 ? value : (value % 7) + 1))
    case 'z':
    case 'Z':
      return parseZone(text, at, into)
    case 'X':
      return parseIsoZone(text, at, count, into)
    default:
      return take(number(), (value) => into.set(NUMBERS[letter] as FieldName, value))
  }
}

interface Parsed {
  readonly value: number
  readonly end: number
}

/** An integer as `DecimalFormat` reads one; undefined where the text ends before `end`. */
function readNumber(text: string, start: number, end: number): Parsed | undefined {
  if (end > text.length) return undefined
  const match = /^(-?[0-9]+)(?:E(-?[0-9]{1,4}))?/.exec(text.slice(start, end))
  if (match === null) return undefined
  // Number.intValue: the low 32 bits of a long, which saturates.
  const long = scaled(BigInt(match[1] as string), Number(match[2] ?? 0))
  const max = 9223372036854775807n
  const value = Number(BigInt.asIntN(32, long > max ? max : long < -max - 1n ? -max - 1n : long))
  return { value, end: start + match[0].length }
}

/** As the number's own exponent says: `DecimalFormat` reads one. */
function scaled(value: bigint, exponent: number): bigint {
  return exponent < 0 ? value / 10n ** BigInt(-exponent) : value * 10n ** BigInt(exponent)
}

function take(number: Parsed | undefined, set: (value: number) => void): number {
  if (number === undefined) return -1
  set(number.value)
  return number.end
}

function parseYear(
  text: string,
  start: number,
  field: 'year' | 'weekYear',
  count: number,
  number: Parsed | undefined,
  state: ParseState,
): number {
  if (number === undefined) return -1
  let { value } = number
  if (count <= 2 && number.end - start === 2 && /^[0-9]{2}/.test(text.slice(start))) {
    const first = state.startYear % 100
    state.ambiguous = value === first
    value += Math.floor(state.startYear / 100) * 100 + (value < first ? 100 : 0)
  }
  state.into.set(field, value)
  return number.end
}

/** The longest of the names, in any case; of lists the first that has one. */
function matchName(
  text: string,
  start: number,
  lists: readonly (readonly string[])[],
  set: (index: number) => void,
): number {
  for (const names of lists) {
    let best = -1
    for (const [i, name] of names.entries()) {
      const longer = best < 0 || name.length > (names[best] as string).length
      if (longer && text.slice(start, start + name.length).toLowerCase() === name.toLowerCase()) best = i
    }
    if (best >= 0) {
      set(best)
      return start + (names[best] as string).length
    }
  }
  return -1
}

/** `+0100`, `GMT+1:00` or a zone's name. */
function parseZone(text: string, at: number, into: CalendarFields): number {
  if (text[at] === '+' || text[at] === '-') return parseOffset(text, at, 0, false, into)
  if (/^gmt/i.test(text.slice(at, at + 3))) {
    if (text[at + 3] === '+' || text[at + 3] === '-') return parseOffset(text, at + 3, 0, true, into)
    into.set('zone', 0)
    return at + 3
  }
  // The longest name that is there.
  for (let length = Math.min(LONGEST_ZONE, text.length - at); length > 0; length--) {
    const minutes = ZONES.get(text.slice(at, at + length).toLowerCase())
    if (minutes === undefined) continue
    into.set('zone', minutes)
    return at + length
  }
  return -1
}

function parseIsoZone(text: string, at: number, count: number, into: CalendarFields): number {
  if (text[at] === 'Z') {
    into.set('zone', 0)
    return at + 1
  }
  return text[at] === '+' || text[at] === '-' ? parseOffset(text, at, count, count === 3, into) : -1
}

/** `count` letters X, 0 for others; `colon`: hours and minutes are parted by one. */
function parseOffset(text: string, at: number, count: number, colon: boolean, into: CalendarFields): number {
  const sign = text[at] === '-' ? -1 : 1
  const hours = count > 0 || !colon ? /^[0-9]{2}/ : /^[0-9]{1,2}/
  const h = hours.exec(text.slice(at + 1, at + 3))?.[0]
  if (h === undefined || Number(h) > 23) return -1
  const end = at + 1 + h.length
  if (count === 1) {
    into.set('zone', sign * Number(h) * 60)
    return end
  }
  const m = (colon ? /^:([0-9]{2})/ : /^([0-9]{2})/).exec(text.slice(end))
  if (m === null || Number(m[1]) > 59) return -1
  into.set('zone', sign * (Number(h) * 60 + Number(m[1])))
  return end + m[0].length
}
