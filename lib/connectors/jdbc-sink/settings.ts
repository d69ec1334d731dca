/** Confluent's settings of the JDBC sink, with its keys, defaults and checks. */
import { ConfigError } from '../../connect/errors.ts'
import {
  boolean,
  type ConfigOf,
  int,
  list,
  long,
  password,
  type Recommender,
  string,
  type Validator,
} from '../../connect/settings.ts'
import { atLeast, nonEmptyString, oneOf } from '../../connect/validators.ts'
import { sqliteFiles } from './dialect/sqlite-url.ts'
import { isTimeZone } from './sql-time.ts'

/** Stands for the record's topic in `table.name.format`. */
export const TOPIC = '${topic}'

/** All in upper or all in lower case, as Confluent's. */
function enumerator(...values: readonly string[]): {
  readonly validator: Validator
  readonly recommender: Recommender
} {
  return {
    validator: {
      allowed: `[${values.join(', ')}]`,
      check(name, value) {
        if (!values.some((known) => value === known || value === known.toUpperCase()))
          throw ConfigError.invalid(name, value, 'Invalid enumerator')
      },
    },
    recommender: { values: () => values, visible: () => true },
  }
}

const timeZone: Validator = {
  allowed: 'a time zone, as Europe/Paris',
  check(name, value) {
    if (!isTimeZone(String(value))) throw ConfigError.invalid(name, value, 'Invalid time zone identifier')
  },
}

const CONNECTION = { group: 'Connection' } as const
const WRITES = { group: 'Writes' } as const
const MAPPING = { group: 'Data Mapping' } as const
const DDL = { group: 'DDL Support' } as const
const RETRIES = { group: 'Retries' } as const

export const settings = {
  'connection.url': string({
    ...CONNECTION,
    importance: 'high',
    width: 'LONG',
    displayName: 'JDBC URL',
    doc: 'The database: `jdbc:sqlite:/path/file.db`. After a `?`: `journal_mode`, `synchronous`, `busy_timeout` (ms), `foreign_keys`, `cache_size`, and `date_class` (INTEGER or TEXT).',
    files: sqliteFiles,
  }),
  'connection.user': string({
    ...CONNECTION,
    default: null,
    importance: 'high',
    width: 'MEDIUM',
    displayName: 'JDBC User',
    doc: 'The user. SQLite has none.',
  }),
  'connection.password': password({
    ...CONNECTION,
    default: null,
    importance: 'high',
    width: 'MEDIUM',
    displayName: 'JDBC Password',
    doc: "The user's password. SQLite has none.",
  }),
  'dialect.name': string({
    ...CONNECTION,
    default: '',
    importance: 'low',
    width: 'LONG',
    displayName: 'Database Dialect',
    validator: oneOf('', 'SqliteDatabaseDialect'),
    recommender: { values: () => ['', 'SqliteDatabaseDialect'], visible: () => true },
    doc: 'The dialect. Empty: by the URL.',
  }),
  'connection.attempts': int({
    ...CONNECTION,
    default: 3,
    importance: 'low',
    width: 'SHORT',
    validator: atLeast(1),
    displayName: 'JDBC connection attempts',
    doc: 'How often connecting is tried; for SQLite, opening a locked file.',
  }),
  'connection.backoff.ms': long({
    ...CONNECTION,
    default: 10_000,
    importance: 'low',
    width: 'SHORT',
    displayName: 'JDBC connection backoff in milliseconds',
    doc: 'The time between attempts to connect.',
  }),
  'insert.mode': string({
    ...WRITES,
    default: 'insert',
    importance: 'high',
    width: 'MEDIUM',
    ...enumerator('insert', 'upsert', 'update'),
    displayName: 'Insert Mode',
    doc: '`insert`: INSERT. `upsert`: a row with the same primary key is replaced, so that a record written twice is there once. `update`: UPDATE of the row with the primary key, nothing where there is none.',
  }),
  'batch.size': int({
    ...WRITES,
    default: 3000,
    importance: 'medium',
    width: 'SHORT',
    validator: atLeast(0),
    displayName: 'Batch Size',
    doc: 'How many rows of one statement go to the database together. All records that are put at once are one transaction, whatever this is.',
  }),
  'delete.enabled': boolean({
    ...WRITES,
    default: false,
    importance: 'medium',
    width: 'SHORT',
    displayName: 'Enable deletes',
    doc: 'Whether a record with a null value deletes the row of its key. Needs `pk.mode=record_key`.',
  }),
  'table.types': list({
    ...WRITES,
    default: ['TABLE'],
    importance: 'low',
    width: 'MEDIUM',
    displayName: 'Table Types',
    recommender: { values: () => ['TABLE', 'PARTITIONED TABLE', 'VIEW'], visible: () => true },
    doc: 'What may be written to: TABLE, VIEW (with triggers that take the rows), or both.',
  }),
  'replace.null.with.default': boolean({
    ...WRITES,
    default: true,
    importance: 'low',
    width: 'MEDIUM',
    displayName: 'Replace null value with default value',
    doc: "Whether a null is written as its field's default, where the schema has one.",
  }),
  'table.name.format': string({
    ...MAPPING,
    default: TOPIC,
    importance: 'medium',
    width: 'LONG',
    validator: nonEmptyString,
    displayName: 'Table Name Format',
    doc: `The table of a record; \`${TOPIC}\` stands for its topic. In SQLite a dot is part of the name.`,
  }),
  'pk.mode': string({
    ...MAPPING,
    default: 'none',
    importance: 'high',
    width: 'MEDIUM',
    ...enumerator('none', 'kafka', 'record_key', 'record_value'),
    displayName: 'Primary Key Mode',
    doc: 'Where the primary key comes from. `none`: there is none. `kafka`: topic, partition and offset. `record_key`: the key, a primitive or fields of it. `record_value`: fields of the value.',
  }),
  'pk.fields': list({
    ...MAPPING,
    default: [],
    importance: 'medium',
    width: 'LONG',
    displayName: 'Primary Key Fields',
    doc: 'The primary key. `kafka`: the three names, `__connect_topic,__connect_partition,__connect_offset` if empty. `record_key`: the column of a primitive key, or fields of the key, all if empty. `record_value`: fields of the value, all if empty.',
  }),
  'fields.whitelist': list({
    ...MAPPING,
    default: [],
    importance: 'medium',
    width: 'LONG',
    displayName: 'Fields Whitelist',
    doc: 'The fields of the value that are written besides the primary key. Empty: all.',
  }),
  'db.timezone': string({
    ...MAPPING,
    default: 'UTC',
    importance: 'medium',
    width: 'MEDIUM',
    validator: timeZone,
    displayName: 'DB Time Zone',
    doc: 'The time zone of times that are written as text: defaults of columns, and values with `date_class=TEXT`.',
  }),
  'date.timezone': string({
    ...MAPPING,
    default: 'DB_TIMEZONE',
    importance: 'low',
    width: 'MEDIUM',
    ...enumerator('db_timezone', 'utc'),
    displayName: 'Time Zone used for Date',
    doc: 'The time zone of dates that are written as text: that of `db.timezone`, or UTC.',
  }),
  'timestamp.fields.list': list({
    ...MAPPING,
    default: [],
    importance: 'medium',
    width: 'MEDIUM',
    displayName: 'Timestamp Fields Whitelist',
    doc: 'int64 and string fields that hold micro- or nanoseconds since the epoch and are written as timestamps.',
  }),
  'timestamp.precision.mode': string({
    ...MAPPING,
    default: 'MICROSECONDS',
    importance: 'low',
    width: 'MEDIUM',
    ...enumerator('microseconds', 'nanoseconds'),
    displayName: 'Sink Timestamp Precision mode',
    doc: 'What the fields of `timestamp.fields.list` count.',
  }),
  'date.calendar.system': string({
    ...MAPPING,
    default: 'LEGACY',
    importance: 'low',
    width: 'MEDIUM',
    validator: oneOf('LEGACY', 'PROLEPTIC_GREGORIAN'),
    displayName: 'Date Calendar System',
    doc: 'The calendar of dates before 1582. Without effect in SQLite: dates are counted from the epoch.',
  }),
  'string.output.value.column.name': string({
    ...MAPPING,
    default: 'record_value',
    importance: 'low',
    width: 'MEDIUM',
    validator: nonEmptyString,
    displayName: 'String Value Column Name',
    doc: 'The column of values that are strings.',
  }),
  'auto.create': boolean({
    ...DDL,
    default: false,
    importance: 'medium',
    width: 'SHORT',
    displayName: 'Auto-Create',
    doc: 'Whether a missing table is created: from the schema, or from the values of the first batch where they have none.',
  }),
  'auto.evolve': boolean({
    ...DDL,
    default: false,
    importance: 'medium',
    width: 'SHORT',
    displayName: 'Auto-Evolve',
    doc: 'Whether missing columns are added, where they may be null or have a default. Nothing is ever dropped or narrowed.',
  }),
  'quote.sql.identifiers': string({
    ...DDL,
    default: 'ALWAYS',
    importance: 'medium',
    width: 'MEDIUM',
    ...enumerator('always', 'never'),
    displayName: 'Quote Identifiers',
    doc: 'Whether the names of tables and columns are quoted.',
  }),
  'mssql.use.merge.holdlock': boolean({
    group: 'DML Support',
    default: true,
    importance: 'low',
    width: 'MEDIUM',
    displayName: 'SQL Server - Use HOLDLOCK in MERGE',
    doc: 'Of SQL Server alone.',
  }),
  'max.retries': int({
    ...RETRIES,
    default: 10,
    importance: 'medium',
    width: 'SHORT',
    validator: atLeast(0),
    displayName: 'Maximum Retries',
    doc: 'How often a batch is tried again while the database is locked, before the task fails.',
  }),
  'retry.backoff.ms': int({
    ...RETRIES,
    default: 3000,
    importance: 'medium',
    width: 'SHORT',
    validator: atLeast(0),
    displayName: 'Retry Backoff (millis)',
    doc: 'The least time between two tries.',
  }),
}

export type SinkConfig = ConfigOf<typeof settings>
