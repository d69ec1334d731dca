/** A sink on a SQLite file of its own, and the rows that another connection sees. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import { ConnectRecord } from '../../../../lib/connect/record.ts'
import type { Schema } from '../../../../lib/connect/schema.ts'
import { parse, type RawConfig } from '../../../../lib/connect/settings.ts'
import { Struct, type Value } from '../../../../lib/connect/value.ts'
import jdbcSink from '../../../../lib/connectors/jdbc-sink/index.ts'

export const within = budget(300_000)
const log = { debug() {}, info() {}, warn() {}, error() {} }

export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'jdbc-sink-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function start(raw: RawConfig) {
  if (jdbcSink.kind !== 'sink') throw new Error('not a sink')
  return jdbcSink.start(parse(jdbcSink.settings, raw), { connector: 'c', task: 0, assignment: new Map(), log }, within)
}

/** `ddl` is run on the file before the sink opens it. */
export async function sinkOn(raw: RawConfig, ddl?: string, query = '') {
  const file = join(folder(), 'test.db')
  if (ddl !== undefined) withDatabase(file, (db) => db.exec(ddl))
  const task = await start({ 'connection.url': `jdbc:sqlite:${file}${query}`, ...raw })
  onTestFinished(() => task.stop())
  return {
    file,
    task,
    put: async (...records: ConnectRecord[]) => (await task.put(records, within)).map(({ error }) => error.message),
    rows: (sql = 'SELECT * FROM t') =>
      withDatabase(file, (db) => db.prepare(sql).all() as Record<string, SQLInputValue>[]).map((row) => ({ ...row })),
    ddl: (table = 't') =>
      withDatabase(file, (db) => db.prepare('SELECT sql FROM sqlite_master WHERE name = ?').get(table)?.['sql']),
  }
}

export function withDatabase<T>(file: string, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file)
  try {
    return use(db)
  } finally {
    db.close()
  }
}

let offset = 0

/** A record of topic t; a struct's fields by name. */
export function record(
  value: Value | Typed,
  more: { key?: Value | Typed; topic?: string; offset?: number; keySchema?: Schema } = {},
): ConnectRecord {
  const [k, v] = [typed(more.key ?? null), typed(value)]
  const topic = more.topic ?? 't'
  const origin = {
    kind: 'sink',
    topic,
    partition: 0,
    offset: more.offset ?? offset++,
    timestampType: 'CreateTime',
  } as const
  return new ConnectRecord(topic, 0, more.keySchema ?? k.schema, k.value, v.schema, v.value, null, [], origin)
}

class Typed {
  readonly schema: Schema | null
  readonly value: Value

  constructor(schema: Schema | null, value: Value) {
    this.schema = schema
    this.value = value
  }
}

export function of(schema: Schema, value: Value): Typed {
  return new Typed(schema, value)
}

export function row(schema: Schema, fields: Record<string, Value>): Typed {
  return new Typed(
    schema,
    new Struct(
      schema,
      schema.fields.map(({ name }) => fields[name] ?? null),
    ),
  )
}

function typed(value: Value | Typed): Typed {
  return value instanceof Typed ? value : new Typed(null, value)
}
