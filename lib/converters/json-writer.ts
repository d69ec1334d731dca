/** Connect values as JsonConverter writes them; one compiled writer per schema. Throws `DataError`. */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import type { Schema } from '../connect/schema.ts'
import { Decimal, Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { epochMs } from '../java/epoch-ms.ts'
import { quote } from '../java/json-text.ts'
import { dateDays, decimalBytes, timeMs } from '../java/logical-values.ts'
import { decimalText } from '../java/number-text.ts'
import { jsonBytes, jsonDouble, jsonFloat, schemalessText } from './schemaless-writer.ts'

export interface JsonFormat {
  readonly numericDecimals: boolean
  readonly replaceNullWithDefault: boolean
}

type Write = (value: Value) => string

const TYPE_NAMES: Readonly<Record<string, string>> = { float32: 'float', float64: 'double' }

export class JsonWriter {
  readonly #format: JsonFormat
  readonly #writers = new WeakMap<Schema, Write>()
  readonly #schemas = new WeakMap<Schema, string>()

  constructor(format: JsonFormat) {
    this.#format = format
  }

  write(schema: Schema | null, value: Value): string {
    if (schema === null) return schemalessText(value)
    let write = this.#writers.get(schema)
    if (write === undefined) {
      write = this.#nullable(schema, this.#compile(schema))
      this.#writers.set(schema, write)
    }
    return write(value)
  }

  /** The schema in JsonConverter's own form. */
  schema(schema: Schema | null): string {
    if (schema === null) return 'null'
    let text = this.#schemas.get(schema)
    if (text === undefined) {
      text = `{${this.#schemaParts(schema).join(',')}}`
      this.#schemas.set(schema, text)
    }
    return text
  }

  #schemaParts(schema: Schema): string[] {
    const parts = [`"type":"${TYPE_NAMES[schema.type] ?? schema.type}"`]
    if (schema.type === 'array') parts.push(`"items":${this.schema(schema.items)}`)
    if (schema.type === 'map')
      parts.push(`"keys":${this.schema(schema.keys)}`, `"values":${this.schema(schema.values)}`)
    if (schema.type === 'struct') {
      const fields = schema.fields.map(
        (field) => `${this.schema(field.schema).slice(0, -1)},"field":${quote(field.name)}}`,
      )
      parts.push(`"fields":[${fields.join(',')}]`)
    }
    parts.push(`"optional":${schema.optional}`)
    if (schema.name !== null) parts.push(`"name":${quote(schema.name)}`)
    if (schema.version !== null) parts.push(`"version":${schema.version}`)
    if (schema.doc !== null) parts.push(`"doc":${quote(schema.doc)}`)
    if (schema.parameters !== null) {
      const parameters = [...schema.parameters].map(([key, value]) => `${quote(key)}:${quote(value)}`)
      parts.push(`"parameters":{${parameters.join(',')}}`)
    }
    if (schema.default !== undefined && schema.default !== null)
      parts.push(`"default":${this.write(schema, schema.default)}`)
    return parts
  }

  #nullable(schema: Schema, write: Write): Write {
    const initial = this.#format.replaceNullWithDefault ? (schema.default ?? null) : null
    return (value) => {
      if (value !== null) return write(value)
      if (initial !== null) return write(initial)
      if (schema.optional) return 'null'
      throw new DataError('Conversion error: null value for field that is required and has no default value')
    }
  }

  #compile(schema: Schema): Write {
    switch (schema.name) {
      case DECIMAL_NAME:
        return (value) => this.#decimal(schema, value)
      case DATE_NAME:
        return (value) => String(dateDays(asDate(value, 'Date')))
      case TIME_NAME:
        return (value) => String(timeMs(asDate(value, 'Time')))
      case TIMESTAMP_NAME:
        return (value) => String(epochMs(asDate(value, 'Timestamp')))
    }
    const invalid = (value: Value) =>
      new DataError(`Invalid type for ${schema.type.toUpperCase()}: class ${className(value)}`)
    switch (schema.type) {
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        return (value) => {
          if (typeof value !== 'number' && (typeof value !== 'bigint' || schema.type !== 'int64')) throw invalid(value)
          return value === 0 ? '0' : String(value)
        }
      case 'float32':
        return (value) => {
          if (typeof value !== 'number') throw invalid(value)
          return jsonFloat(value)
        }
      case 'float64':
        return (value) => {
          if (typeof value !== 'number') throw invalid(value)
          return jsonDouble(value)
        }
      case 'boolean':
        return (value) => {
          if (typeof value !== 'boolean') throw invalid(value)
          return value ? 'true' : 'false'
        }
      case 'string':
        return (value) => {
          if (typeof value !== 'string') throw invalid(value)
          return quote(value)
        }
      case 'bytes':
        return (value) => {
          if (!(value instanceof Uint8Array))
            throw new DataError(`Invalid type for bytes type: class ${className(value)}`)
          return jsonBytes(value)
        }
      case 'array':
        return (value) => {
          if (!Array.isArray(value)) throw invalid(value)
          return `[${value.map((item: Value) => this.write(schema.items, item)).join(',')}]`
        }
      case 'map':
        return (value) => this.#map(schema, value, invalid)
      case 'struct':
        return this.#struct(schema, invalid)
      default:
        return schema.type satisfies never
    }
  }

  #decimal(schema: Schema, value: Value): string {
    if (!(value instanceof Decimal))
      throw new DataError(`Invalid type for Decimal, expected BigDecimal but was class ${className(value)}`)
    return this.#format.numericDecimals ? decimalText(value) : jsonBytes(decimalBytes(schema, value))
  }

  #map(schema: Schema, value: Value, invalid: (value: Value) => DataError): string {
    if (!isMap(value)) throw invalid(value)
    const { keys, values } = schema
    let text = ''
    if (keys?.type === 'string') {
      for (const [key, item] of entriesOf(value)) {
        const name = key === null ? nullKey(this.write(keys, key)) : this.write(keys, key)
        text += `${text === '' ? '' : ','}${name}:${this.write(values, item)}`
      }
      return `{${text}}`
    }
    for (const [key, item] of entriesOf(value))
      text += `${text === '' ? '' : ','}[${this.write(keys, key)},${this.write(values, item)}]`
    return `[${text}]`
  }

  #struct(schema: Schema, invalid: (value: Value) => DataError): Write {
    const fields = schema.fields.map(({ name, schema: field }, i) => ({
      key: `${i === 0 ? '' : ','}${quote(name)}:`,
      write: this.#nullable(field, this.#compile(field)),
    }))
    return (value) => {
      if (!(value instanceof Struct)) throw invalid(value)
      if (value.schema !== schema && !value.schema.equals(schema)) throw new DataError('Mismatching schema.')
      const { values } = value
      let text = '{'
      for (let i = 0; i < fields.length; i++) {
        const { key, write } = fields[i] as (typeof fields)[number]
        text += key + write(values[i] ?? null)
      }
      return `${text}}`
    }
  }
}

/** The key `null` of a map is the text null. */
const nullKey = (text: string) => (text === 'null' ? '"null"' : text)

function asDate(value: Value, type: string): Date {
  if (value instanceof Date) return value
  throw new DataError(`Invalid type for ${type}, expected Date but was class ${className(value)}`)
}

function isMap(value: Value): value is ReadonlyMap<Value, Value> | { readonly [key: string]: Value } {
  return value instanceof Map || (typeof value === 'object' && className(value).endsWith('HashMap'))
}

function entriesOf(value: ReadonlyMap<Value, Value> | { readonly [key: string]: Value }): Iterable<[Value, Value]> {
  return value instanceof Map ? value : Object.entries(value)
}
