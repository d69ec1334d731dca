/**
 * Which of the fields that a date text named make up the date: `Calendar`'s rule, the latest complete combination, and
 * lenient values (month 13, day 30 of February) that roll over. Weeks are those of the locale en_US: from Sunday on.
 */
import { epochDayOf, firstOfMonth, floorMod } from './calendar.ts'

export type FieldName =
  | 'era'
  | 'year'
  | 'weekYear'
  | 'month'
  | 'day'
  | 'dayOfYear'
  | 'weekOfYear'
  | 'weekOfMonth'
  | 'dayOfWeek'
  | 'dayOfWeekInMonth'
  | 'hourOfDay'
  | 'hour'
  | 'meridiem'
  | 'minute'
  | 'second'
  | 'ms'
  | 'zone'

export class CalendarFields {
  readonly #values = new Map<FieldName, number>()
  readonly #stamps = new Map<FieldName, number>()
  #stamp = 0

  /** Months count from 0, days of the week from 1 (Sunday); the zone is in minutes east. */
  set(name: FieldName, value: number): void {
    this.#values.set(name, value)
    this.#stamps.set(name, ++this.#stamp)
  }

  addYears(years: number): void {
    this.#values.set('year', this.#value('year', 1970) + years)
  }

  epochMs(): number {
    return (this.#day() * 24 + this.#hourOfDay()) * 3_600_000 + this.#timeOfHour() - this.#value('zone', 0) * 60_000
  }

  #value(name: FieldName, absent: number): number {
    return this.#values.get(name) ?? absent
  }

  /** 0 where the field isn't set. */
  #at(name: FieldName): number {
    return this.#stamps.get(name) ?? 0
  }

  #both(a: FieldName, b: FieldName): number {
    return this.#at(a) === 0 || this.#at(b) === 0 ? 0 : Math.max(this.#at(a), this.#at(b))
  }

  #timeOfHour(): number {
    return this.#value('minute', 0) * 60_000 + this.#value('second', 0) * 1000 + this.#value('ms', 0)
  }

  #hourOfDay(): number {
    const half = this.#both('hour', 'meridiem')
    const whole = this.#at('hourOfDay')
    const best = Math.max(half, whole) || Math.max(this.#at('hour'), this.#at('meridiem'))
    if (best === 0 || best === whole) return this.#value('hourOfDay', 0)
    return this.#value('hour', 0) + 12 * this.#value('meridiem', 0)
  }

  #year(): number {
    const year = this.#value('year', 1970)
    return this.#values.get('era') === 0 ? 1 - year : year
  }

  #day(): number {
    if (this.#at('weekYear') > this.#at('year')) return this.#weekDate()
    const ofWeek = this.#at('dayOfWeek')
    let day = this.#at('day')
    let weekOfMonth = this.#both('weekOfMonth', 'dayOfWeek')
    let inMonth = this.#both('dayOfWeekInMonth', 'dayOfWeek')
    const ofYear = this.#at('dayOfYear')
    let weekOfYear = this.#both('weekOfYear', 'dayOfWeek')
    let best = Math.max(day, weekOfMonth, inMonth, ofYear, weekOfYear)
    if (best === 0) {
      weekOfMonth = this.#at('weekOfMonth')
      inMonth = Math.max(this.#at('dayOfWeekInMonth'), ofWeek)
      weekOfYear = this.#at('weekOfYear')
      best = Math.max(weekOfMonth, inMonth, weekOfYear)
      if (best === 0) best = day = this.#at('month')
    }
    if (best === day) return epochDayOf(this.#year(), this.#value('month', 0) + 1, this.#value('day', 1))
    const first = firstOfMonth(this.#year(), this.#value('month', 0) + 1)
    if (best === weekOfMonth && this.#at('weekOfMonth') >= this.#at('weekOfYear')) {
      if (weekOfMonth !== inMonth || this.#at('weekOfMonth') >= this.#at('dayOfWeekInMonth'))
        return this.#week(first, 'weekOfMonth')
    }
    if (best === inMonth && this.#at('dayOfWeekInMonth') >= this.#at('weekOfYear')) return this.#inMonth(first)
    const newYear = firstOfMonth(this.#year(), 1)
    if (best === ofYear) return newYear + this.#value('dayOfYear', 1) - 1
    return this.#week(newYear, 'weekOfYear')
  }

  /** The week that holds the first day is the first week. */
  #week(first: number, name: 'weekOfMonth' | 'weekOfYear'): number {
    let day = onOrBefore(first + 6, 1)
    if (day - first >= 1) day -= 7
    const ofWeek = this.#values.get('dayOfWeek')
    if (ofWeek !== undefined) day = onOrBefore(day + 6, ofWeek)
    return day + 7 * (this.#value(name, 1) - 1)
  }

  #inMonth(first: number): number {
    const ofWeek = this.#value('dayOfWeek', 1)
    const count = this.#value('dayOfWeekInMonth', 1)
    if (count >= 0) return onOrBefore(first + 7 * count - 1, ofWeek)
    const next = firstOfMonth(this.#year(), this.#value('month', 0) + 2)
    return onOrBefore(first + (next - first) + 7 * (count + 1) - 1, ofWeek)
  }

  #weekDate(): number {
    const first = firstOfMonth(this.#value('weekYear', 1970), 1)
    let day = onOrBefore(first + 6, 1)
    if (day - first >= 1) day -= 7
    return day + 7 * (this.#value('weekOfYear', 1) - 1) + (this.#value('dayOfWeek', 1) - 1)
  }
}

/** The last day of the week asked for (1 is Sunday), on the day or before. */
export function onOrBefore(epochDay: number, dayOfWeek: number): number {
  return epochDay - floorMod(epochDay - dayOfWeek + 5, 7)
}
