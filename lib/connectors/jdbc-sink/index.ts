/** Writes records to the tables of a database: `io.confluent.connect.jdbc.JdbcSinkConnector`. */
import { ConfigError } from '../../connect/errors.ts'
import { type SinkConnector, sink } from '../../connect/plugin.ts'
import type { Dialect } from './dialect/dialect.ts'
import { SqliteDialect } from './dialect/sqlite.ts'
import { isSqliteUrl } from './dialect/sqlite-url.ts'
import { type SinkConfig, settings } from './settings.ts'
import { JdbcSinkTask } from './task.ts'

const connector: SinkConnector = sink<typeof settings>({
  class: 'io.confluent.connect.jdbc.JdbcSinkConnector',
  aliases: ['JdbcSinkConnector', 'JdbcSink', 'io.aiven.connect.jdbc.JdbcSinkConnector'],
  taskClass: 'io.confluent.connect.jdbc.sink.JdbcSinkTask',
  version: '1.0.0',
  doc: 'Writes records to the tables of a database, by primary key or as they come. SQLite.',
  settings,

  async validate(config) {
    const errors = new Map<string, readonly string[]>()
    const add = (name: string, error: string) => errors.set(name, [...(errors.get(name) ?? []), error])
    const [mode, insertMode] = [config['pk.mode'].toLowerCase(), config['insert.mode'].toLowerCase()]
    if (config['delete.enabled'] && mode !== 'record_key')
      for (const name of ['pk.mode', 'delete.enabled']) add(name, 'Deletes are only supported for pk.mode record_key')
    if (insertMode !== 'insert' && mode === 'none')
      add('insert.mode', `${insertMode} needs a primary key: set pk.mode to kafka, record_key or record_value`)
    const { length } = config['pk.fields']
    if (mode === 'kafka' && length !== 0 && length !== 3)
      add('pk.fields', `pk.mode=kafka takes no fields or three, for topic, partition and offset, and not ${length}`)
    try {
      const wrong = await dialectOf(config).check()
      if (wrong !== null) add('connection.url', wrong)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      add('connection.url', error.message)
    }
    return errors
  },

  /** In process: a killed task's writes die with it. */
  requestTimeoutMs: () => 0,

  exactlyOnce: () => true,

  async start(config, context, budget) {
    const dialect = dialectOf(config)
    return new JdbcSinkTask(config, dialect, await dialect.open(budget), context)
  },
})

export default connector

function dialectOf(config: SinkConfig): Dialect {
  const url = config['connection.url']
  if (isSqliteUrl(url)) return new SqliteDialect(config)
  throw ConfigError.invalid(
    'connection.url',
    url.replace(/[?;].*$/s, '').replace(/\/\/[^/@]*@/, '//'),
    'there is a dialect for jdbc:sqlite:/path/file.db alone',
  )
}
