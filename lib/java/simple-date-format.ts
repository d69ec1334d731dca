/** `java.text.SimpleDateFormat`, lenient, in UTC and the locale en_US, as JDK 17 has it. */

import { dayOfYear, type Fields, fields, firstOfMonth } from './calendar.ts'
import { CalendarFields, onOrBefore } from './calendar-fields.ts'
import { ERAS, MERIDIEMS, MONTHS, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS } from './date-names.ts'
import { parseElement } from './date-parse.ts'
import { type Element, parsePattern } from './date-pattern.ts'
import { asciiDigits } from './number-parse.ts'

type Write = (at: Fields) => string

export class SimpleDateFormat {
  readonly pattern: string
  readonly #elements: readonly Element[]
  readonly #writers: readonly Write[]

  /** `PatternError` for a pattern that Java refuses. */
  constructor(pattern: string) {
    this.pattern = pattern
    this.#elements = parsePattern(pattern)
    this.#writers = this.#elements.map(writer)
  }

  format(epochMs: number | bigint): string {
    const at = fields(epochMs)
    let text = ''
    for (const write of this.#writers) text += write(at)
    return text
  }

  /** Epoch ms; undefined for a text that doesn't match. What follows the match is ignored. */
  parse(text: string): number | undefined {
    return this.parseFrom(text)?.epochMs
  }

  /** As `parse(text, new ParsePosition(0))`. */
  parseFrom(text: string): { readonly epochMs: number; readonly end: number } | undefined {
    const plain = asciiDigits(text)
    const into = new CalendarFields()
    // Two digits of a year lie within 80 years before and 20 after now.
    const centuryStart = startOfCentury()
    const startYear = fields(centuryStart).year
    const state = { into, startYear, ambiguous: false }
    let at = 0
    for (const [i, element] of this.#elements.entries()) {
      if ('literal' in element) {
        if (!text.startsWith(element.literal, at)) return undefined
        at += element.literal.length
      } else {
        const next = parseElement(plain, at, element, obeysCount(this.#elements[i + 1]), state)
        if (next < 0) return undefined
        at = next
      }
    }
    let epochMs = into.epochMs()
    if (state.ambiguous && epochMs < centuryStart) {
      into.addYears(100)
      epochMs = into.epochMs()
    }
    return { epochMs, end: at }
  }
}

function startOfCentury(): number {
  const now = new Date()
  now.setUTCFullYear(now.getUTCFullYear() - 80)
  return now.getTime()
}

/** Digits that go on in the next field end where their letters do. */
function obeysCount(next: Element | undefined): boolean {
  if (next === undefined || 'literal' in next) return false
  if (next.letter === 'M' || next.letter === 'L') return next.count <= 2
  return 'yYdHmsSkDFwWhKu'.includes(next.letter)
}

function writer(element: Element): Write {
  if ('literal' in element) return () => element.literal
  const { letter, count } = element
  const number = (get: (at: Fields) => number): Write => {
    return (at) => {
      const value = get(at)
      return value < 0 ? `-${String(-value).padStart(count, '0')}` : String(value).padStart(count, '0')
    }
  }
  switch (letter) {
    case 'G':
      return (at) => ERAS[at.year > 0 ? 1 : 0] as string
    case 'y':
      return yearWriter(count, (at) => (at.year > 0 ? at.year : 1 - at.year), number)
    case 'Y':
      return yearWriter(count, weekYear, number)
    case 'M':
    case 'L':
      if (count >= 4) return (at) => MONTHS[at.month - 1] as string
      return count === 3 ? (at) => SHORT_MONTHS[at.month - 1] as string : number((at) => at.month)
    case 'E':
      return (at) => (count >= 4 ? WEEKDAYS : SHORT_WEEKDAYS)[at.dayOfWeek - 1] as string
    case 'a':
      return (at) => MERIDIEMS[at.hour < 12 ? 0 : 1] as string
    case 'z':
      return () => (count >= 4 ? 'Coordinated Universal Time' : 'UTC')
    case 'Z':
      return () => '+0000'
    case 'X':
      return () => 'Z'
    default:
      return number(NUMBERS[letter] as (at: Fields) => number)
  }
}

const NUMBERS: Readonly<Record<string, (at: Fields) => number>> = {
  d: (at) => at.day,
  k: (at) => at.hour || 24,
  H: (at) => at.hour,
  m: (at) => at.minute,
  s: (at) => at.second,
  S: (at) => at.ms,
  D: dayOfYear,
  F: (at) => Math.floor((at.day - 1) / 7) + 1,
  w: weekOfYear,
  W: (at) => weekOf(at.epochDay, firstOfMonth(at.year, at.month)),
  h: (at) => at.hour % 12 || 12,
  K: (at) => at.hour % 12,
  u: (at) => (at.dayOfWeek === 1 ? 7 : at.dayOfWeek - 1),
}

type NumberWriter = (get: (at: Fields) => number) => Write

function yearWriter(count: number, get: (at: Fields) => number, number: NumberWriter): Write {
  return count === 2 ? (at) => String(get(at) % 100).padStart(2, '0') : number(get)
}

/** Weeks begin on Sunday; the one with the first day in it is the first. */
function weekOf(epochDay: number, first: number): number {
  return Math.floor((epochDay - onOrBefore(first, 1)) / 7) + 1
}

function weekYear(at: Fields): number {
  return at.epochDay >= onOrBefore(firstOfMonth(at.year + 1, 1), 1) ? at.year + 1 : at.year
}

function weekOfYear(at: Fields): number {
  return weekOf(at.epochDay, firstOfMonth(weekYear(at), 1))
}
