/**
 * Strings that a regular expression matches: literals, classes, groups, alternatives and quantifiers, as
 * `arg.properties` write them. No anchors within, no back references, no look-around.
 */
import { ConfigError } from '../../connect/errors.ts'
import type { Draw } from './draw.ts'

export type DrawText = (draw: Draw) => string

/** What `*`, `+` and `{n,}` add at most: they have no bound of their own. */
const UNBOUNDED = 8
const PRINTABLE = range(0x20, 0x7e)
const CLASSES: Readonly<Record<string, string>> = {
  d: range(0x30, 0x39),
  w: `${range(0x30, 0x39)}${range(0x41, 0x5a)}_${range(0x61, 0x7a)}`,
  s: ' ',
  t: '\t',
  n: '\n',
}

/** Draws matching texts. `ConfigError` for an expression outside of what is said above. */
export function textMatching(regex: string): DrawText {
  const parser = new Parser(regex.replace(/^\^/, '').replace(/(?<!\\)\$$/, ''))
  return parser.whole()
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): DrawText {
    const draw = this.#alternatives()
    if (this.#at < this.#text.length) throw this.#error(`"${this.#text[this.#at]}" is not expected`)
    return draw
  }

  #alternatives(): DrawText {
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    const first = options[0] as DrawText
    return options.length === 1 ? first : (draw) => (options[draw.below(options.length)] as DrawText)(draw)
  }

  #sequence(): DrawText {
    const parts: DrawText[] = []
    let literal = ''
    const flush = () => {
      const text = literal
      if (text !== '') parts.push(() => text)
      literal = ''
    }
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] as string)) {
      const start = this.#at
      const atom = this.#atom()
      const [min, max] = this.#quantifier()
      if (typeof atom === 'string' && atom.length === 1 && min === 1 && max === 1) literal += atom
      else {
        flush()
        parts.push(repeat(typeof atom === 'string' ? oneOf(atom) : atom, min, max))
      }
      if (this.#at === start) throw this.#error('nothing to repeat')
    }
    flush()
    if (parts.length === 1) return parts[0] as DrawText
    return (draw) => {
      let text = ''
      for (const part of parts) text += part(draw)
      return text
    }
  }

  /** A string stands for one character out of it. */
  #atom(): string | DrawText {
    const char = this.#text[this.#at++] as string
    if (char === '[') return this.#characterClass()
    if (char === '.') return PRINTABLE
    if (char === '\\') return this.#escape()
    if ('*+?{'.includes(char)) throw this.#error('nothing to repeat')
    if (char !== '(') return char
    if (this.#take('?') && !this.#take(':')) throw this.#error('look-around is not supported')
    const group = this.#alternatives()
    if (!this.#take(')')) throw this.#error('a group is not closed')
    return group
  }

  #escape(): string {
    const char = this.#text[this.#at++]
    if (char === undefined) throw this.#error('it ends with a backslash')
    if (/[1-9bB]/.test(char)) throw this.#error(`\\${char} is not supported`)
    if (/[DWS]/.test(char)) return without(CLASSES[char.toLowerCase()] ?? '')
    return CLASSES[char] ?? char
  }

  #characterClass(): string {
    const negated = this.#take('^')
    let chars = ''
    while (!this.#take(']')) {
      const char = this.#text[this.#at++]
      if (char === undefined) throw this.#error('a class is not closed')
      const low = char === '\\' ? this.#escape() : char
      const next = this.#text[this.#at + 1]
      if (low.length === 1 && this.#text[this.#at] === '-' && next !== undefined && next !== ']') {
        this.#at += 2
        const high = next === '\\' ? this.#escape() : next
        if (high < low) throw this.#error(`the range ${low}-${high} is out of order`)
        chars += range(low.charCodeAt(0), high.charCodeAt(0))
      } else chars += low
    }
    const set = negated ? without(chars) : chars
    if (set === '') throw this.#error('a class is empty')
    return set
  }

  #quantifier(): readonly [min: number, max: number] {
    if (this.#take('?')) return [0, 1]
    if (this.#take('*')) return [0, UNBOUNDED]
    if (this.#take('+')) return [1, 1 + UNBOUNDED]
    const counts = /^\{(\d+)(,?)(\d*)\}/.exec(this.#text.slice(this.#at))
    if (counts === null) return [1, 1]
    this.#at += counts[0].length
    const min = Number(counts[1])
    const max = counts[3] !== '' ? Number(counts[3]) : counts[2] === ',' ? min + UNBOUNDED : min
    if (max < min) throw this.#error(`${counts[0]} is out of order`)
    return [min, max]
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #error(why: string): ConfigError {
    return new ConfigError(`The regex "${this.#text}" can't be generated from: ${why}`)
  }
}

function oneOf(chars: string): DrawText {
  return (draw) => chars[draw.below(chars.length)] as string
}

function repeat(one: DrawText, min: number, max: number): DrawText {
  if (min === 1 && max === 1) return one
  return (draw) => {
    let text = ''
    for (let left = min + draw.below(max - min + 1); left > 0; left--) text += one(draw)
    return text
  }
}

function range(from: number, to: number): string {
  return String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i))
}

function without(chars: string): string {
  return [...PRINTABLE].filter((char) => !chars.includes(char)).join('')
}
