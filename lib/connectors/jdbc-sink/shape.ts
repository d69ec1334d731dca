/** The columns of a record: which there are, what they hold, and which are the primary key. */
import { DataError } from '../../connect/errors.ts'
import type { ConnectRecord, SinkOrigin } from '../../connect/record.ts'
import { primitive, type Schema, STRING } from '../../connect/schema.ts'
import { isPlainObject, type Struct, type Value } from '../../connect/value.ts'
import type { SinkConfig } from './settings.ts'

const KAFKA_COLUMNS: readonly string[] = ['__connect_topic', '__connect_partition', '__connect_offset']

export interface Column {
  readonly name: string
  /** Null: the record has none, and the column's type comes from the values. */
  readonly schema: Schema | null
  readonly key: boolean
  read(record: ConnectRecord): Value | undefined
}

/** What all records have in common that one statement can write. */
export interface Shape {
  readonly deletes: boolean
  readonly keys: readonly Column[]
  readonly others: readonly Column[]
  /** Keys and others, in the order of a new table. */
  readonly ordered: readonly Column[]
}

type Names = readonly string[]

interface Last {
  readonly shape: Shape
  readonly record: ConnectRecord
  readonly keys: Names | null
  readonly values: Names | null
}

/** How many shapes are kept per table: values without schema may have as many as they have combinations of fields. */
const SHAPES = 5000

/** Finds the shapes of records, and keeps them: records of one shape get the same object. */
export class Shapes {
  readonly #config: SinkConfig
  readonly #mode: string
  readonly #whitelist: ReadonlySet<string>
  readonly #known = new Map<string, Shape>()
  readonly #ids = new WeakMap<Schema, number>()
  #count = 0
  #last: Last | null = null

  constructor(config: SinkConfig) {
    this.#config = config
    this.#mode = config['pk.mode'].toLowerCase()
    this.#whitelist = new Set(config['fields.whitelist'])
  }

  /** `DataError` for a record without the key or value that the settings need. */
  of(record: ConnectRecord): Shape {
    const last = this.#last
    if (last !== null && this.#alike(last, record)) return last.shape
    const keyed = this.#mode === 'record_key'
    const keys = keyed && record.keySchema?.type !== 'struct' ? namesOf(record.key) : null
    const values = record.valueSchema?.type === 'struct' ? null : namesOf(record.value)
    const id = JSON.stringify([
      keyed && [this.#id(record.keySchema), record.key === null, keys, record.key instanceof Map],
      [this.#id(record.valueSchema), typeof record.value, record.value === null, values, record.value instanceof Map],
    ])
    let shape = this.#known.get(id)
    if (shape === undefined) {
      if (this.#known.size >= SHAPES) this.clear()
      shape = this.#shape(record, keys, values)
      this.#known.set(id, shape)
    }
    this.#last = { shape, record, keys, values }
    return shape
  }

  clear(): void {
    this.#known.clear()
    this.#last = null
  }

  /** The quick look: most records are like the one before. */
  #alike(last: Last, record: ConnectRecord): boolean {
    if (record.valueSchema !== last.record.valueSchema) return false
    if (!alike(record.value, last.record.value, last.values)) return false
    if (this.#mode !== 'record_key') return true
    return record.keySchema === last.record.keySchema && alike(record.key, last.record.key, last.keys)
  }

  #id(schema: Schema | null): number {
    if (schema === null) return 0
    let id = this.#ids.get(schema)
    if (id === undefined) {
      id = ++this.#count
      this.#ids.set(schema, id)
    }
    return id
  }

  #shape(record: ConnectRecord, keyNames: Names | null, valueNames: Names | null): Shape {
    const deletes = record.value === null
    if (deletes && !this.#config['delete.enabled'])
      throw new DataError(
        'the value is null: drop such records by a transform, or set delete.enabled=true to delete the row of the key',
      )
    const fields = deletes ? [] : this.#valueColumns(record, valueNames)
    const keys = this.#keyColumns(record, keyNames, fields)
    const taken = new Set(keys.map((column) => column.name))
    const text =
      fields.length === 1 && fields[0]?.name === this.#config['string.output.value.column.name'] && isText(record)
    if (text && taken.has((fields[0] as Column).name))
      throw new DataError(
        `string.output.value.column.name is "${(fields[0] as Column).name}", a column of the primary key: choose another name`,
      )
    const allowed = (name: string) => text || this.#whitelist.size === 0 || this.#whitelist.has(name)
    const others = fields.filter((column) => !taken.has(column.name) && allowed(column.name))
    return { deletes, keys, others, ordered: inTableOrder(keys, others, fields) }
  }

  #valueColumns(record: ConnectRecord, names: Names | null): readonly Column[] {
    const { valueSchema, value } = record
    if (valueSchema?.type === 'struct') {
      const useDefaults = this.#config['replace.null.with.default']
      return valueSchema.fields.map(({ name, index, schema }) => ({
        name,
        schema,
        key: false,
        read: withDefault((r) => (r.value as Struct).values[index], useDefaults ? schema.default : undefined),
      }))
    }
    if (isText(record)) {
      const conflicting = ['fields.whitelist', 'timestamp.fields.list'].filter(
        (name) => (this.#config[name as 'pk.fields'] as Names).length > 0,
      )
      if (conflicting.length > 0)
        throw new DataError(`the value is a string and has no fields for ${conflicting.join(', ')}: remove the setting`)
      const schema = primitive('string', { optional: true })
      return [{ name: this.#config['string.output.value.column.name'], schema, key: false, read: (r) => r.value }]
    }
    if (names === null)
      throw new DataError(
        `the value must be a struct, an object or a string, and is ${described(record.valueSchema, value)}`,
      )
    return names.map((name) => ({ name, schema: null, key: false, read: reader(value, name, (r) => r.value) }))
  }

  #keyColumns(record: ConnectRecord, names: Names | null, fields: readonly Column[]): readonly Column[] {
    const wanted = this.#config['pk.fields']
    switch (this.#mode) {
      case 'kafka':
        return kafkaColumns(wanted.length === 0 ? KAFKA_COLUMNS : wanted)
      case 'record_value': {
        if (isText(record))
          throw new DataError('pk.mode=record_value needs a value with fields, and the value is a string')
        if (wanted.length === 0 && record.valueSchema === null)
          throw new DataError(
            'pk.mode=record_value needs pk.fields for values without a schema: set pk.fields to the fields that identify a row',
          )
        const named = new Map(fields.map((column) => [column.name, column]))
        return (wanted.length === 0 ? [...named.keys()] : wanted).map((name) => {
          const column = named.get(name)
          if (column === undefined)
            throw new DataError(`the value has no field "${name}", which pk.fields names as primary key`)
          return { ...column, key: true }
        })
      }
      case 'record_key':
        return recordKeyColumns(record, names, wanted)
      default:
        return []
    }
  }
}

function kafkaColumns(names: Names): readonly Column[] {
  const [topic = '', partition = '', offset = ''] = names
  return [
    { name: topic, schema: STRING, key: true, read: (r) => r.topic },
    { name: partition, schema: primitive('int32'), key: true, read: (r) => (r.origin as SinkOrigin).partition },
    { name: offset, schema: primitive('int64'), key: true, read: (r) => (r.origin as SinkOrigin).offset },
  ]
}

function recordKeyColumns(record: ConnectRecord, names: Names | null, wanted: Names): readonly Column[] {
  const { keySchema, key } = record
  if (key === null) throw new DataError('the key is null, and pk.mode=record_key makes it the primary key')
  if (keySchema?.type === 'struct') {
    return (wanted.length === 0 ? keySchema.fields.map((field) => field.name) : wanted).map((name) => {
      const field = keySchema.field(name)
      if (field === undefined)
        throw new DataError(`the key has no field "${name}", which pk.fields names as primary key`)
      const { index, schema } = field
      return { name, schema, key: true, read: withDefault((r) => (r.key as Struct).values[index], schema.default) }
    })
  }
  if (names !== null) {
    return (wanted.length === 0 ? names : wanted).map((name) => {
      if (!names.includes(name))
        throw new DataError(`the key has no field "${name}", which pk.fields names as primary key`)
      return { name, schema: null, key: true, read: reader(key, name, (r) => r.key) }
    })
  }
  if (keySchema?.type === 'array' || Array.isArray(key))
    throw new DataError('the key is an array, and a primary key is a primitive or has fields')
  const [name] = wanted
  if (name === undefined || wanted.length > 1)
    throw new DataError(
      `the key is ${described(keySchema, key)}: set pk.fields to the one column that it goes to, and not to [${wanted.join(', ')}]`,
    )
  return [{ name, schema: keySchema, key: true, read: (r) => r.key }]
}

/** Confluent's order: its own Kafka columns, the value's fields as they come, and the rest by name. */
function inTableOrder(
  keys: readonly Column[],
  others: readonly Column[],
  fields: readonly Column[],
): readonly Column[] {
  const rest = new Map([...keys, ...others].map((column) => [column.name, column]))
  const ordered: Column[] = []
  for (const name of [...KAFKA_COLUMNS, ...fields.map((column) => column.name), ...[...rest.keys()].sort()]) {
    const column = rest.get(name)
    if (column !== undefined) ordered.push(column)
    rest.delete(name)
  }
  return ordered
}

function isText({ valueSchema, value }: ConnectRecord): boolean {
  return valueSchema === null ? typeof value === 'string' : valueSchema.type === 'string'
}

/** The fields of a value without a struct's schema; null: it has none. */
function namesOf(value: Value): Names | null {
  if (isPlainObject(value)) return Object.keys(value)
  if (!(value instanceof Map)) return null
  const names = [...value.keys()]
  return names.every((name) => typeof name === 'string') ? names : null
}

function alike(value: Value, other: Value, names: Names | null): boolean {
  if (names === null)
    return (value === null) === (other === null) && typeof value === typeof other && !isPlainObject(value)
  if (value instanceof Map || !isPlainObject(value) || other instanceof Map) return false
  let at = 0
  for (const name in value) if (names[at++] !== name) return false
  return at === names.length
}

function reader(value: Value, name: string, of: (record: ConnectRecord) => Value): Column['read'] {
  if (value instanceof Map) return (record) => (of(record) as ReadonlyMap<Value, Value>).get(name)
  return (record) => (of(record) as { readonly [key: string]: Value })[name]
}

function withDefault(read: Column['read'], value: Value | undefined): Column['read'] {
  return value === undefined ? read : (record) => read(record) ?? value
}

function described(schema: Schema | null, value: Value): string {
  return schema !== null
    ? `of type ${schema.type}`
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'an array'
        : `a ${typeof value}`
}
