/** SQLite, with the column types and statements of Confluent's dialect for it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Budget, pause } from '../../../connect/budget.ts'
import { ConfigError, DataError, RetriableError } from '../../../connect/errors.ts'
import { DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME } from '../../../connect/logical.ts'
import type { Schema } from '../../../connect/schema.ts'
import { Boxed, Decimal, type Value } from '../../../connect/value.ts'
import { decimalText, jsonText } from '../json-text.ts'
import type { SinkConfig } from '../settings.ts'
import { type SqlTimeStyle, sqlTime } from '../sql-time.ts'
import type { Bind, ColumnDefinition, Database, Dialect, ErrorClass, SqlValue } from './dialect.ts'
import { insert } from './sql.ts'
import { foldName, SqliteDatabase } from './sqlite-database.ts'
import { parseSqliteUrl, type SqliteUrl } from './sqlite-url.ts'

const LOGICAL: readonly (string | null)[] = [DECIMAL_NAME, DATE_NAME, TIME_NAME, TIMESTAMP_NAME]

/** What SQLite turns into a number when it goes into a numeric column. */
const NUMERIC_TEXT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i

/** https://www.sqlite.org/datatype3.html, section 3.1. */
type Affinity = 'numeric' | 'real' | 'text' | 'none'

/** The extended result codes that have something to say about a row: https://www.sqlite.org/rescode.html */
const UNIQUE = [2067, 1555, 2579]
const DATATYPE = [3091, 20]
const NOT_NULL = 1299

export class SqliteDialect implements Dialect {
  readonly name = 'SqliteDatabaseDialect'
  readonly maxColumns = 2000
  readonly #url: SqliteUrl
  readonly #attempts: number
  readonly #backoffMs: number
  readonly #quoting: boolean
  readonly #timestampFields: ReadonlySet<string>
  readonly #perMs: bigint
  readonly #time: (value: Date, style: SqlTimeStyle) => string
  readonly #date: (value: Date, style: SqlTimeStyle) => string

  /** `ConfigError` for a URL that can't be read. */
  constructor(config: SinkConfig) {
    this.#url = parseSqliteUrl(config['connection.url'])
    this.#attempts = config['connection.attempts']
    this.#backoffMs = config['connection.backoff.ms']
    this.#quoting = config['quote.sql.identifiers'].toLowerCase() !== 'never'
    this.#timestampFields = new Set(config['timestamp.fields.list'])
    this.#perMs = config['timestamp.precision.mode'].toLowerCase() === 'nanoseconds' ? 1_000_000n : 1000n
    this.#time = sqlTime(config['db.timezone'])
    this.#date = config['date.timezone'].toLowerCase() === 'utc' ? sqlTime('UTC') : this.#time
  }

  fold = foldName

  quote(identifier: string): string {
    return this.#quoting ? `\`${identifier.replaceAll('`', '``')}\`` : identifier
  }

  /** Dots belong to the name, as topics have them. */
  quoteTable(table: string): string {
    return this.quote(table)
  }

  sqlType(column: string, schema: Schema): string {
    if (LOGICAL.includes(schema.name)) return 'NUMERIC'
    switch (schema.type) {
      case 'boolean':
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        return this.#timestampFields.has(column) ? 'NUMERIC' : 'INTEGER'
      case 'float32':
      case 'float64':
        return 'REAL'
      case 'string':
        return this.#timestampFields.has(column) ? 'NUMERIC' : 'TEXT'
      case 'bytes':
        return 'BLOB'
      case 'array':
      case 'map':
      case 'struct':
        return 'TEXT'
      default:
        return schema.type satisfies never
    }
  }

  literal(schema: Schema, value: Value): string {
    if (value instanceof Decimal) return decimalText(value)
    if (value instanceof Date) return `'${this.#dateText(schema, value)}'`
    if (typeof value === 'boolean') return value ? '1' : '0'
    if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
    return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
  }

  bind(schema: Schema | null, column: ColumnDefinition): Bind | null {
    const affinity = affinityOf(column.type)
    if (schema === null) return (value) => untyped(value, affinity, column)
    const whole = wholeNumber(affinity)
    switch (schema.name) {
      case DATE_NAME:
      case TIME_NAME:
      case TIMESTAMP_NAME:
        if (this.#url.dates === 'text') return (value) => this.#dateText(schema, dateOf(value, schema, column))
        return (value) => whole(dateOf(value, schema, column).getTime())
      case DECIMAL_NAME:
        return (value) => {
          if (value instanceof Decimal) return decimalText(value)
          throw mismatch(schema, column)
        }
    }
    switch (schema.type) {
      case 'boolean':
        return (value) => whole(value === true ? 1 : 0)
      case 'int64':
      case 'string':
        if (this.#timestampFields.has(column.name)) return (value) => this.#timestamp(value, whole, column)
        if (schema.type === 'string') return null
        return affinity === 'numeric' || affinity === 'real' ? null : (value) => whole(value as number | bigint)
      case 'int8':
      case 'int16':
      case 'int32':
        return affinity === 'numeric' || affinity === 'real' ? null : (value) => whole(value as number)
      case 'float32':
      case 'float64':
      case 'bytes':
        return null
      case 'array':
      case 'map':
      case 'struct':
        return jsonText
      default:
        return schema.type satisfies never
    }
  }

  upsert(table: string, keys: readonly string[], others: readonly string[]): string {
    return insert(this, table, keys, others, 'INSERT OR REPLACE')
  }

  classify(error: unknown): ErrorClass {
    const { code, errcode, message } = error as {
      readonly code?: string
      readonly errcode?: number
      readonly message?: string
    }
    if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE') return 'row'
    if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return 'fatal'
    switch (errcode & 0xff) {
      case 5: // BUSY
      case 6: // LOCKED
      case 10: // IOERR
      case 13: // FULL
        return 'retriable'
      case 1: // ERROR
        return /^no such |has no column named/.test(message ?? '') ? 'schema' : 'row'
      case 18: // TOOBIG
      case 19: // CONSTRAINT
      case 20: // MISMATCH
      case 25: // RANGE
        return 'row'
      default:
        return 'fatal'
    }
  }

  advice(error: unknown): string | null {
    const { errcode = 0 } = error as { readonly errcode?: number }
    if (UNIQUE.includes(errcode)) return 'a row with these values is there already: insert.mode=upsert replaces it'
    if (errcode === NOT_NULL) return 'the column takes no null: give the record a value, or the column a default'
    return DATATYPE.includes(errcode)
      ? "the column's type takes no such value: change the column, or cast the field"
      : null
  }

  async check(): Promise<string | null> {
    const { path } = this.#url
    if (existsSync(path) && statSync(path).isDirectory()) return `${path} is a folder, and no database file`
    const folder = dirname(path)
    if (!existsSync(folder)) return `the folder ${folder} of the database file ${path} does not exist: create it`
    const target = existsSync(path) ? path : folder
    try {
      accessSync(target, constants.W_OK)
      return null
    } catch {
      return `${target} can't be written to by this user`
    }
  }

  async open(budget: Budget): Promise<Database> {
    const wrong = await this.check()
    if (wrong !== null) throw ConfigError.invalid('connection.url', this.#url.path, wrong)
    for (let attempt = 1; ; attempt++) {
      try {
        return new SqliteDatabase(this.#url, (error) => this.classify(error) === 'row')
      } catch (error) {
        const why = `The database file ${this.#url.path} (connection.url) can't be opened: ${(error as Error).message}`
        if (this.classify(error) !== 'retriable') throw new ConfigError(why, error)
        if (attempt >= this.#attempts || budget.signal.aborted) throw new RetriableError(why, error)
        await pause(this.#backoffMs, budget)
      }
    }
  }

  #dateText(schema: Schema, value: Date): string {
    if (schema.name === DATE_NAME) return this.#date(value, 'date')
    return this.#time(value, schema.name === TIME_NAME ? 'time' : 'timestamp')
  }

  /** A field of `timestamp.fields.list`: micro- or nanoseconds since the epoch. */
  #timestamp(value: Value, whole: (value: number) => SqlValue, column: ColumnDefinition): SqlValue {
    let since: bigint
    try {
      since = BigInt(value as number | bigint | string)
    } catch (error) {
      throw new DataError(`the value of column \`${column.name}\` (timestamp.fields.list) is no whole number`, error)
    }
    const ms = Number(since >= 0n ? since / this.#perMs : -((-since + this.#perMs - 1n) / this.#perMs))
    return this.#url.dates === 'text' ? this.#time(new Date(ms), 'timestamp') : whole(ms)
  }
}

function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase()
  if (upper.includes('INT')) return 'numeric'
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'text'
  if (upper === '' || upper === 'ANY' || upper.includes('BLOB')) return 'none'
  return /REAL|FLOA|DOUB/.test(upper) ? 'real' : 'numeric'
}

/** The driver hands over numbers as doubles: in a text column 5 would read `5.0`, in an untyped one be a REAL. */
function wholeNumber(affinity: Affinity): (value: number | bigint) => SqlValue {
  if (affinity === 'text') return String
  return affinity === 'none' ? BigInt : (value) => value
}

function untyped(value: Value, affinity: Affinity, column: ColumnDefinition): SqlValue {
  switch (typeof value) {
    case 'number':
      if (affinity === 'text') return String(value)
      return affinity === 'none' && Number.isSafeInteger(value) ? BigInt(value) : value
    case 'string':
      if (affinity === 'text' || affinity === 'none' || !NUMERIC_TEXT.test(value) || String(Number(value)) === value)
        return value
      throw new DataError(
        `column \`${column.name}\` is ${column.type} and would change the text "${value}" into a number: make the column TEXT`,
      )
    case 'boolean':
      return affinity === 'text' ? String(value) : value ? 1 : 0
    case 'bigint':
      if (affinity === 'text') return String(value)
      if (BigInt.asIntN(64, value) === value && (affinity !== 'real' || BigInt(Number(value)) === value)) return value
      throw new DataError(
        `column \`${column.name}\` is ${column.type || 'untyped'} and can't hold all digits of ${value}: make the column TEXT`,
      )
  }
  if (value instanceof Uint8Array || value === null) return value
  if (value instanceof Date) return wholeNumber(affinity)(value.getTime())
  if (value instanceof Decimal) return decimalText(value)
  if (value instanceof Boxed) return untyped(value.value, affinity, column)
  return jsonText(value)
}

function dateOf(value: Value, schema: Schema, column: ColumnDefinition): Date {
  if (value instanceof Date) return value
  throw mismatch(schema, column)
}

function mismatch(schema: Schema, column: ColumnDefinition): DataError {
  return new DataError(`the value for column \`${column.name}\` is not of its schema, ${schema.name ?? schema.type}`)
}
