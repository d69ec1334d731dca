/** The tokens of `Values.Parser`: delimiters and what is between them; a backslash takes a delimiter's meaning away. */
import { trim } from './number-parse.ts'

const DELIMITERS = ':,{}[]"'

export class Tokens {
  readonly original: string
  #index = 0
  #next: string | null = null
  #previous: string | null = null

  constructor(original: string) {
    this.original = original
  }

  get position(): number {
    return this.#index
  }

  get previous(): string | null {
    return this.#previous
  }

  mark(): number {
    return this.#index - (this.#next?.length ?? 0)
  }

  rewindTo(position: number): void {
    this.#index = position
    this.#next = null
    this.#previous = null
  }

  hasNext(): boolean {
    return this.#next !== null || this.#more()
  }

  next(): string {
    const token = this.#next ?? this.#consume()
    this.#next = null
    this.#previous = token
    return token
  }

  /** The text of the next `count` tokens; null, and nothing consumed, where there are fewer. */
  take(count: number): string | null {
    const start = this.mark()
    for (let i = 0; i < count; i++) {
      if (!this.hasNext()) {
        this.rewindTo(start)
        return null
      }
      this.next()
    }
    return this.original.slice(start, this.#index)
  }

  /** Blanks around the token don't matter. */
  canConsume(expected: string): boolean {
    if (!this.#isNext(expected)) return false
    this.#next = null
    return true
  }

  #isNext(expected: string): boolean {
    if (this.#next === null) {
      if (!this.hasNext()) return false
      this.#next = this.#consume()
    }
    while (isBlank(this.#next) && this.#more()) this.#next = this.#consume()
    return trim(this.#next) === expected
  }

  #more(): boolean {
    return this.original.length > this.#index
  }

  #consume(): string {
    const text = this.original
    const start = this.#index
    let escaped = false
    for (; this.#index < text.length; this.#index++) {
      const char = text[this.#index] as string
      if (char === '\\') escaped = !escaped
      else if (!DELIMITERS.includes(char) || escaped) escaped = false
      else {
        if (start === this.#index) this.#index++
        break
      }
    }
    return text.slice(start, this.#index)
  }
}

export function isBlank(text: string): boolean {
  return trim(text) === ''
}
