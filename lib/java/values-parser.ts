/** `Values.parseString`: the smallest type that a text fits, as header values and literals are read. */
import { DataError } from '../connect/errors.ts'
import { date, decimal, time, timestamp } from '../connect/logical.ts'
import { array, map, primitive, type Schema, STRING } from '../connect/schema.ts'
import { type Decimal, integer, NULL, type Typed, type Value } from '../connect/value.ts'
import { decimalToDouble, decimalToFloat, NumberFormatError, parseDecimal, trim } from './number-parse.ts'
import { SimpleDateFormat } from './simple-date-format.ts'
import { alignList, alignMap, boxed, boxedMap, mergeSchemas, type ParsedEntry } from './values-merge.ts'
import { isBlank, Tokens } from './values-tokens.ts'

const BOOLEAN = primitive('boolean')
const INT8 = primitive('int8')
const INT16 = primitive('int16')
const INT32 = primitive('int32')
const INT64 = primitive('int64')
const FLOAT32 = primitive('float32')
const FLOAT64 = primitive('float64')

const TEMPORAL: ReadonlyMap<number, readonly [Schema, SimpleDateFormat]> = new Map([
  [10, [date(), new SimpleDateFormat('yyyy-MM-dd')]],
  [13, [time(), new SimpleDateFormat("HH:mm:ss.SSS'Z'")]],
  [24, [timestamp(), new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")]],
])

/** Null, without a schema, for the text `null`. */
export function parseString(text: string): Typed {
  return text === '' ? { schema: STRING, value: text } : (new ValueParser(text).parse(false) ?? NULL)
}

class ValueParser {
  readonly #tokens: Tokens

  constructor(text: string) {
    this.#tokens = new Tokens(text)
  }

  /** Null for the literal null. `DataError` where an embedded value can't be read. */
  parse(embedded: boolean): Typed | null {
    const tokens = this.#tokens
    if (!tokens.hasNext()) return null
    if (embedded && tokens.canConsume('"')) return this.#quoted()
    if (this.#isLiteral('null', embedded)) return null
    if (this.#isLiteral('true', embedded)) return { schema: BOOLEAN, value: true }
    if (this.#isLiteral('false', embedded)) return { schema: BOOLEAN, value: false }
    const start = tokens.mark()
    try {
      if (tokens.canConsume('[')) return this.#array()
      if (tokens.canConsume('{')) return this.#map()
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      tokens.rewindTo(start)
    }
    const token = tokens.next()
    return isBlank(token) ? { schema: STRING, value: token } : this.#token(embedded, trim(token))
  }

  /** At the top a literal stands alone, else it is the beginning of a string. */
  #isLiteral(literal: string, embedded: boolean): boolean {
    const start = this.#tokens.mark()
    if (this.#tokens.canConsume(literal) && (embedded || !this.#tokens.hasNext())) return true
    this.#tokens.rewindTo(start)
    return false
  }

  #token(embedded: boolean, token: string): Typed {
    const digit = /^\p{Nd}/u.test(token)
    const found = digit ? this.#temporalTokens(token) : null
    if (found !== null) return found
    if (digit || token[0] === '+' || token[0] === '-') {
      try {
        return parseNumber(token)
      } catch (error) {
        if (!(error instanceof NumberFormatError)) throw error
      }
    }
    if (embedded) throw new DataError('Failed to parse embedded value')
    return { schema: STRING, value: this.#tokens.original }
  }

  #quoted(): Typed {
    let text = ''
    while (this.#tokens.hasNext() && !this.#tokens.canConsume('"')) text += this.#tokens.next()
    return parseTemporal(text) ?? { schema: STRING, value: text }
  }

  #array(): Typed {
    const tokens = this.#tokens
    const items: (Typed | null)[] = []
    const common = new CommonSchema()
    while (tokens.hasNext()) {
      if (tokens.canConsume(']')) {
        const { schema } = common
        if (schema === null) return { schema: array(null), value: items.map((item) => boxed(item)) }
        return { schema: array(schema), value: alignList(schema, items) }
      }
      if (tokens.canConsume(',')) throw new DataError(`Unable to parse an empty array element: ${tokens.original}`)
      const item = this.parse(true)
      common.merge(item)
      items.push(item)
      const position = tokens.mark()
      if (tokens.canConsume(']')) tokens.rewindTo(position)
      else if (!tokens.canConsume(',')) throw new DataError("Array elements missing ',' delimiter")
    }
    throw new DataError(`Array is missing terminating ']': ${tokens.original}`)
  }

  #map(): Typed {
    const tokens = this.#tokens
    const entries = new Map<Value, ParsedEntry>()
    const keys = new CommonSchema()
    const values = new CommonSchema()
    while (tokens.hasNext()) {
      if (tokens.canConsume('}')) {
        return mapOf(keys.schema, values.schema, [...entries.values()])
      }
      if (tokens.canConsume(','))
        throw new DataError(`Unable to parse a map entry with no key or value: ${tokens.original}`)
      const key = this.parse(true)
      if (key === null || key.value === null)
        throw new DataError(`Map entry may not have a null key: ${tokens.original}`)
      if (!tokens.canConsume(':'))
        throw new DataError(`Map entry is missing ':' at ${tokens.position} in ${tokens.original}`)
      const value = this.parse(true)
      entries.set(key.value, { key, value })
      tokens.canConsume(',')
      keys.merge(key)
      values.merge(value)
    }
    throw new DataError(`Map is missing terminating '}': ${tokens.original}`)
  }

  /** A time has colons, which part tokens: five of them are one time or timestamp. */
  #temporalTokens(token: string): Typed | null {
    const position = this.#tokens.mark()
    const rest = this.#tokens.take(4)
    const found = rest === null ? null : parseTemporal(token + rest)
    if (found !== null) return found
    this.#tokens.rewindTo(position)
    return parseTemporal(token)
  }
}

function mapOf(keys: Schema | null, values: Schema | null, entries: readonly ParsedEntry[]): Typed {
  if (keys === null) return { schema: map(null, null), value: boxedMap(entries) }
  return { schema: map(keys, values), value: alignMap(keys, values, entries) }
}

/** The schema that all elements so far fit. Null: none had one, or there is none. */
class CommonSchema {
  schema: Schema | null = null
  #compatible = true

  merge(latest: Typed | null): void {
    if (latest === null || latest.schema === null || !this.#compatible) return
    this.schema = this.schema === null ? latest.schema : mergeSchemas(this.schema, latest.schema)
    this.#compatible = this.schema !== null
  }
}

function parseTemporal(text: string): Typed | null {
  const token = text.replaceAll('\\:', ':')
  const found = TEMPORAL.get(token.length)
  if (found === undefined) return null
  const [schema, format] = found
  const ms = format.parse(token)
  return ms === undefined ? null : { schema, value: new Date(ms) }
}

const MAX = 9223372036854775807n

function parseNumber(token: string): Typed {
  const value = parseDecimal(token)
  const whole = integral(value)
  if (whole !== null) return smallest(whole)
  if (value.scale !== 0) {
    const float = decimalToFloat(value)
    if (Number.isFinite(float)) return { schema: FLOAT32, value: Math.fround(float) }
    const double = decimalToDouble(value)
    if (Number.isFinite(double)) return { schema: FLOAT64, value: double }
  }
  return { schema: decimal(value.scale), value }
}

/** The value where it is integral and a Long. Never computes a power of ten that the text alone asks for. */
function integral({ unscaled, scale }: Decimal): bigint | null {
  if (unscaled === 0n) return 0n
  const digits = unscaled.toString().length
  if (digits - scale > 20 || scale > digits) return null
  const unit = 10n ** BigInt(Math.abs(scale))
  if (scale > 0 && unscaled % unit !== 0n) return null
  const whole = scale > 0 ? unscaled / unit : unscaled * unit
  return whole > MAX || whole < -MAX - 1n ? null : whole
}

function smallest(whole: bigint): Typed {
  const value = integer(whole)
  const fits = (bits: number) => BigInt.asIntN(bits, whole) === whole
  return { schema: fits(8) ? INT8 : fits(16) ? INT16 : fits(32) ? INT32 : INT64, value }
}
