/**
 * JSON Path over Connect's values, in the syntax of Jayway's JsonPath as far as Confluent's transforms document it:
 * `$.a.b`, `$['a']["b"]`, `[0]`, `[-1]`, `[*]`, and conditions `[?(@.x == 'y' && @.n > 3)]`.
 */
import { ConfigError } from '../connect/errors.ts'
import type { Value } from '../connect/value.ts'
import { compile, RegexError } from '../java/regular-expression.ts'
import { compare, type Operator } from './json-path-comparison.ts'
import { type Condition, type JsonPath, pathOf, type Selector } from './json-path-selectors.ts'

/** A side of a comparison: undefined for what isn't there. */
type Operand = (current: Value, root: Value) => Value | undefined

const NAME = /[^.[\]()\s=!<>&|,'"?*]+/y
const INTEGER = /-?\d+/y
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /(?:true|false|null)\b/y
const OPERATOR = /==|!=|<=|>=|=~|<|>|n?in\b/iy
const REGEX = /\/((?:[^/\\]|\\.)*)\/([a-zA-Z]*)/y
const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/y
const SPACE = /\s*/y

/** A path without `$` begins at the root, as Jayway reads it. `ConfigError` with the place of what isn't understood. */
export function jsonPath(text: string): JsonPath {
  const parser = new Parser(/^\s*\$/.test(text) ? text : `$.${text}`)
  const selectors = parser.path()
  parser.end()
  return pathOf(selectors)
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw this.#error('the end')
  }

  /** From `$` or `@` on. */
  path(): Selector[] {
    this.#space()
    this.#at++
    const selectors: Selector[] = []
    for (;;) {
      if (this.#take('[')) selectors.push(this.#bracket())
      else if (this.#take('.')) {
        if (this.#text[this.#at] === '.') throw this.#error('a name (a deep scan with .. is not supported)')
        if (this.#take('*')) selectors.push({ kind: 'all' })
        else if (this.#text[this.#at] !== '[') selectors.push({ kind: 'names', names: [this.#name()] })
      } else return selectors
    }
  }

  #name(): string {
    const name = this.#match(NAME)?.[0]
    if (name === undefined) throw this.#error('a name')
    if (this.#text[this.#at] === '(') throw this.#error('a field (functions are not supported)')
    return name
  }

  #bracket(): Selector {
    const selector = this.#inBrackets()
    this.#expect(']')
    return selector
  }

  #inBrackets(): Selector {
    this.#space()
    if (this.#take('*')) return { kind: 'all' }
    if (this.#take('?')) {
      this.#expect('(')
      const condition = this.#or()
      this.#expect(')')
      return { kind: 'filter', condition }
    }
    const names = this.#list(() => this.#quoted())
    if (names.length > 0) return { kind: 'names', names }
    const indexes = this.#list(() => this.#match(INTEGER)?.[0])
    if (indexes.length > 0) return { kind: 'indexes', indexes: indexes.map(Number) }
    throw this.#error('a name in quotes, an index, * or ?(condition)')
  }

  /** Items parted by commas, none where the first isn't there. */
  #list<T>(read: () => T | undefined): T[] {
    const items: T[] = []
    do {
      this.#space()
      const item = read()
      if (item === undefined) {
        if (items.length > 0) throw this.#error('one more item')
        return items
      }
      items.push(item)
      this.#space()
    } while (this.#take(','))
    return items
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#operator('||')) {
      const [a, b] = [left, this.#and()]
      left = (current, root) => a(current, root) || b(current, root)
    }
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#operator('&&')) {
      const [a, b] = [left, this.#not()]
      left = (current, root) => a(current, root) && b(current, root)
    }
    return left
  }

  #not(): Condition {
    this.#space()
    if (this.#take('!')) {
      const condition = this.#not()
      return (current, root) => !condition(current, root)
    }
    if (!this.#take('(')) return this.#comparison()
    const condition = this.#or()
    this.#expect(')')
    return condition
  }

  #comparison(): Condition {
    const left = this.#operand()
    this.#space()
    const operator = this.#match(OPERATOR)?.[0].toLowerCase()
    if (operator === undefined) return (current, root) => exists(left(current, root))
    if (operator === '=~') return this.#regex(left)
    const right = this.#operand()
    return (current, root) => compare(operator as Operator, left(current, root), right(current, root))
  }

  /** Java's regular expression, for the text as a whole. */
  #regex(left: Operand): Condition {
    this.#space()
    const match = this.#match(REGEX)
    if (match === undefined) throw this.#error('a regular expression between slashes')
    const [, body = '', flags = ''] = match
    try {
      const pattern = compile(flags === '' ? body : `(?${flags})${body}`)
      return (current, root) => {
        const value = left(current, root)
        return typeof value === 'string' && pattern.matches(value)
      }
    } catch (error) {
      if (!(error instanceof RegexError)) throw error
      throw new ConfigError(`the regular expression /${body}/ is not valid: ${error.message}`, error)
    }
  }

  #operand(): Operand {
    this.#space()
    const char = this.#text[this.#at]
    if (char === '@' || char === '$') {
      const path = pathOf(this.path())
      return (current, root) => {
        const found = path.read(char === '@' ? current : root)
        return path.definite ? found?.[0] : found
      }
    }
    const literal = this.#literal()
    return () => literal
  }

  #literal(): Value {
    this.#space()
    if (this.#take('[')) {
      const items = this.#list(() => (this.#text[this.#at] === ']' ? undefined : { value: this.#literal() }))
      this.#expect(']')
      return items.map((item) => item.value)
    }
    const text = this.#quoted()
    if (text !== undefined) return text
    const word = this.#match(WORD)?.[0]
    if (word !== undefined) return word === 'null' ? null : word === 'true'
    const number = this.#match(NUMBER)?.[0]
    if (number !== undefined) return exactNumber(number)
    throw this.#error('a value: @.field, a text in quotes, a number, true, false, null or [a list]')
  }

  #quoted(): string | undefined {
    const match = this.#match(QUOTED)
    return match && (match[1] ?? match[2] ?? '').replaceAll(/\\(.)/g, '$1')
  }

  #operator(text: '||' | '&&'): boolean {
    this.#space()
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += 2
    return true
  }

  #expect(char: string): void {
    this.#space()
    if (!this.#take(char)) throw this.#error(char)
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    this.#match(SPACE)
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  #error(expected: string): ConfigError {
    return new ConfigError(`at character ${this.#at + 1} of ${this.#text} there should be ${expected}`)
  }
}

/** A field that is null counts as not there. */
function exists(value: Value | undefined): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

function exactNumber(text: string): number | bigint {
  const value = Number(text)
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(text) ? BigInt(text) : value
}
