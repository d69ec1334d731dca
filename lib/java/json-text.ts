/**
 * JSON as Jackson reads and writes it in Kafka: leading zeros and a byte order mark are taken, what follows the first
 * value is ignored, the last of equal keys wins; numbers keep all their digits.
 */

/** A number with a point or an exponent; its text, as a Decimal needs the scale (`1.0` has one). */
export class Fraction {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Integers are numbers while safe and bigints beyond. Objects are `Map`s where a plain object would reorder keys. */
export type JsonNode =
  | null
  | boolean
  | number
  | bigint
  | string
  | Fraction
  | readonly JsonNode[]
  | ReadonlyMap<string, JsonNode>
  | { readonly [key: string]: JsonNode }

export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/** Undefined where there is no value at all. Throws `JsonError`. */
export function readJson(text: string): JsonNode | undefined {
  const reader = new Reader(text)
  reader.blanks()
  if (reader.position >= text.length) return undefined
  const value = reader.value(0)
  if (isNumber(value)) reader.afterNumber()
  return value
}

function isNumber(value: JsonNode): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Fraction
}

const NUMBER = /-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings end at these
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
/** Jackson's limits (`StreamReadConstraints`). */
const MAX_DEPTH = 1000
const MAX_NUMBER = 1000

class Reader {
  readonly text: string
  position: number

  constructor(text: string) {
    this.text = text
    this.position = text.charCodeAt(0) === 0xfeff ? 1 : 0
  }

  blanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.position)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.position++
    }
  }

  fail(what: string): never {
    throw new JsonError(`${what} at character ${this.position + 1}`)
  }

  value(depth: number): JsonNode {
    const first = this.text[this.position]
    switch (first) {
      case '{':
        return this.object(depth + 1)
      case '[':
        return this.array(depth + 1)
      case '"':
        return this.string()
      case 't':
        return this.word('true', true)
      case 'f':
        return this.word('false', false)
      case 'n':
        return this.word('null', null)
      default:
        return this.number()
    }
  }

  word<T>(text: string, value: T): T {
    const end = this.position + text.length
    if (!this.text.startsWith(text, this.position) || /[A-Za-z0-9_$]/.test(this.text[end] ?? ''))
      this.fail('Unrecognized token')
    this.position = end
    return value
  }

  number(): JsonNode {
    NUMBER.lastIndex = this.position
    const match = NUMBER.exec(this.text)
    if (match === null) this.fail('Unexpected character')
    const text = match[0]
    if (text.length > MAX_NUMBER) this.fail(`A number of ${text.length} digits`)
    this.position += text.length
    if (this.text[this.position] === '.' || /[A-Za-z_$]/.test(this.text[this.position] ?? ''))
      this.fail('Unexpected character in a number')
    if (match[1] !== undefined || match[2] !== undefined) {
      const scale = (match[1] ?? '.').length - 1 - Number(match[2]?.slice(1) ?? 0)
      if (scale !== (scale | 0)) this.fail('A number whose exponent is too large')
      return new Fraction(text)
    }
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
    return BigInt(text)
  }

  /** Whatever else may follow a first value: a number needs a blank after it, or the end. */
  afterNumber(): void {
    if (this.position < this.text.length && !' \t\r\n'.includes(this.text[this.position] as string))
      this.fail('A number without a blank after it')
  }

  string(): string {
    let out = ''
    this.position++
    for (;;) {
      PLAIN.lastIndex = this.position
      const run = PLAIN.exec(this.text)?.[0] ?? ''
      this.position += run.length
      const stop = this.text[this.position]
      if (stop === '"') {
        this.position++
        return out + run
      }
      if (stop !== '\\') this.fail(stop === undefined ? 'The text ends in a string' : 'A control character in a string')
      out += run + this.escape()
    }
  }

  escape(): string {
    const letter = this.text[this.position + 1] ?? ''
    if (letter === 'u') {
      const hex = this.text.slice(this.position + 2, this.position + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('An escape without four hexadecimal digits')
      this.position += 6
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const plain = ESCAPES[letter]
    if (plain === undefined) this.fail('Unrecognized character escape')
    this.position += 2
    return plain
  }

  array(depth: number): JsonNode {
    if (depth > MAX_DEPTH) this.fail(`Nested deeper than ${MAX_DEPTH}`)
    const items: JsonNode[] = []
    this.position++
    this.blanks()
    if (this.text[this.position] === ']') {
      this.position++
      return items
    }
    for (;;) {
      this.blanks()
      items.push(this.value(depth))
      this.blanks()
      const next = this.text[this.position++]
      if (next === ']') return items
      if (next !== ',') this.fail('An array without an end')
    }
  }

  object(depth: number): JsonNode {
    if (depth > MAX_DEPTH) this.fail(`Nested deeper than ${MAX_DEPTH}`)
    const entries = new Map<string, JsonNode>()
    this.position++
    this.blanks()
    if (this.text[this.position] === '}') {
      this.position++
      return {}
    }
    let plain = true
    for (;;) {
      this.blanks()
      if (this.text[this.position] !== '"') this.fail('A field name without quotes')
      const key = this.string()
      if (needsMap(key)) plain = false
      this.blanks()
      if (this.text[this.position++] !== ':') this.fail('A field without a colon')
      this.blanks()
      entries.set(key, this.value(depth))
      this.blanks()
      const next = this.text[this.position++]
      if (next === '}') return plain ? Object.fromEntries(entries) : entries
      if (next !== ',') this.fail('An object without an end')
    }
  }
}

/** As `readJson`, for a text that holds one value and nothing else. */
export function readWholeJson(text: string): JsonNode {
  const reader = new Reader(text)
  reader.blanks()
  const value = reader.value(0)
  reader.blanks()
  if (reader.position < text.length) reader.fail('More than one value')
  return value
}

/** A key that a plain object would reorder, or take for its prototype. */
export function needsMap(key: string): boolean {
  const code = key.charCodeAt(0)
  return (code >= 48 && code <= 57 && /^(?:0|[1-9][0-9]{0,9})$/.test(key)) || key === '__proto__'
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON has to escape
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A JSON string with Jackson's escapes: short ones, else upper case hexadecimal. */
export function quote(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(SPECIAL_ALL, escapeOf)}"` : `"${text}"`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON has to escape
const SPECIAL_ALL = /["\\\u0000-\u001f\ud800-\udfff]/g

function escapeOf(char: string): string {
  return SHORT[char] ?? escapeUnit(char)
}

/** The escape of one UTF-16 unit. */
export function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}
