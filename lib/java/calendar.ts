/** The calendar of `java.util.Date` in UTC: Julian before 15 October 1582, Gregorian from then on. */

export const DAY_MS = 86_400_000
/** Days from 1970-01-01 to 1582-10-15. */
const CUTOVER_DAY = -141_427

export interface CalendarDay {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

export interface Fields extends CalendarDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
  /** 1 (Sunday) to 7. */
  readonly dayOfWeek: number
  readonly epochDay: number
}

export function fields(epochMs: number | bigint): Fields {
  const rest =
    typeof epochMs === 'number' ? floorMod(epochMs, DAY_MS) : floorMod(Number(epochMs % BigInt(DAY_MS)), DAY_MS)
  const epochDay =
    typeof epochMs === 'number' ? (epochMs - rest) / DAY_MS : Number((epochMs - BigInt(rest)) / BigInt(DAY_MS))
  const { year, month, day } = dayFields(epochDay)
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    ms: rest % 1000,
    dayOfWeek: dayOfWeek(epochDay),
    epochDay,
  }
}

/** 1 (Sunday) to 7. */
function dayOfWeek(epochDay: number): number {
  return floorMod(epochDay + 4, 7) + 1
}

export function floorMod(a: number, b: number): number {
  return a - Math.floor(a / b) * b
}

/** Counted in years that begin in March, so that the leap day is the last. */
function dayFields(epochDay: number): CalendarDay {
  const gregorian = epochDay >= CUTOVER_DAY
  const days = epochDay + (gregorian ? 719_468 : 719_470)
  let year: number
  let dayOfYear: number
  if (gregorian) {
    const era = Math.floor(days / 146_097)
    const ofEra = days - era * 146_097
    const yearOfEra = Math.floor(
      (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
    )
    year = yearOfEra + era * 400
    dayOfYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  } else {
    const cycle = Math.floor(days / 1461)
    const ofCycle = days - cycle * 1461
    const yearOfCycle = Math.min(3, Math.floor(ofCycle / 365))
    year = yearOfCycle + cycle * 4
    dayOfYear = ofCycle - yearOfCycle * 365
  }
  const march = Math.floor((5 * dayOfYear + 2) / 153)
  const month = march < 10 ? march + 3 : march - 9
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1
  return { year: month <= 2 ? year + 1 : year, month, day }
}

/** Days since the epoch of the first of a month; `month` (1 is January) may lie outside a year, lenient as Java. */
export function firstOfMonth(year: number, month: number): number {
  const y = year + Math.floor((month - 1) / 12)
  const m = floorMod(month - 1, 12) + 1
  const gregorian = countDays(y, m, true)
  if (gregorian >= CUTOVER_DAY) return gregorian
  return countDays(y, m, false)
}

/** The day itself, in the calendar that holds on it: October 1582 had days 1 to 4 and 15 to 31. */
export function epochDayOf(year: number, month: number, day: number): number {
  const y = year + Math.floor((month - 1) / 12)
  const m = floorMod(month - 1, 12) + 1
  const gregorian = countDays(y, m, true) + day - 1
  if (gregorian >= CUTOVER_DAY) return gregorian
  return countDays(y, m, false) + day - 1
}

function countDays(year: number, month: number, gregorian: boolean): number {
  const y = month <= 2 ? year - 1 : year
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5)
  const leaps = gregorian ? Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) : Math.floor(y / 4)
  return y * 365 + leaps + ofYear - (gregorian ? 719_468 : 719_470)
}

export function dayOfYear({ year, epochDay }: Fields): number {
  return epochDay - firstOfMonth(year, 1) + 1
}
