/** Writes batches, each in one transaction: all that isn't refused by itself, or nothing. */
import { type Budget, pause } from '../../connect/budget.ts'
import { ConnectError, RetriableError } from '../../connect/errors.ts'
import type { Durable, Failure, PluginLog, SinkContext, SinkTask } from '../../connect/plugin.ts'
import type { ConnectRecord } from '../../connect/record.ts'
import type { Database, Dialect } from './dialect/dialect.ts'
import { Positions } from './positions.ts'
import { type SinkConfig, TOPIC } from './settings.ts'
import { Table } from './table.ts'

export class JdbcSinkTask implements SinkTask {
  readonly #config: SinkConfig
  readonly #dialect: Dialect
  readonly #log: PluginLog
  readonly #database: Database
  readonly #tables = new Map<string, Table>()
  /** Where the task keeps them itself. */
  readonly #positions: Positions | null
  /** The last commit has failed, for all that is known. */
  #inDoubt = false
  /** Of the batch that is being tried again. */
  #retries = 0
  #notBefore = 0

  constructor(config: SinkConfig, dialect: Dialect, database: Database, context: SinkContext) {
    const { log, writer, assignment } = context
    this.#config = config
    this.#dialect = dialect
    this.#database = database
    this.#log = log
    this.#positions = writer === undefined ? null : new Positions(database, writer, assignment)
  }

  /** `RetriableError` while the database is locked. */
  async claim(): Promise<Durable> {
    if (this.#positions === null) return new Map()
    try {
      await this.#database.begin()
      const held = await this.#positions.claim()
      await this.#database.commit()
      return held
    } catch (error) {
      await this.#database.rollback()
      if (this.#dialect.classify(error) !== 'retriable') throw error
      throw new RetriableError(`The table of positions can't be written for now: ${(error as Error).message}`, error)
    }
  }

  /** `RetriableError` while the database is locked, up to `max.retries` times, at least `retry.backoff.ms` apart. */
  async put(records: readonly ConnectRecord[], budget: Budget, positions?: Durable): Promise<readonly Failure[]> {
    if (records.length === 0 && positions === undefined) return []
    const wait = this.#notBefore - Date.now()
    if (wait > 0) await pause(wait, budget)
    try {
      const failures = await this.#write(records, budget, positions)
      this.#retries = 0
      this.#notBefore = 0
      return failures
    } catch (error) {
      if (this.#dialect.classify(error) !== 'retriable') throw error
      if (this.#retries >= this.#config['max.retries'])
        throw new ConnectError(
          `The database still refuses to write after ${this.#retries} retries (max.retries): ${(error as Error).message}`,
          { cause: error },
        )
      this.#retries++
      this.#notBefore = Date.now() + this.#config['retry.backoff.ms']
      throw new RetriableError(`The database can't write for now: ${(error as Error).message}`, error)
    }
  }

  /** What was put is committed, and SQLite has synced it. */
  async flush(): Promise<'all'> {
    return 'all'
  }

  async stop(): Promise<void> {
    await this.#database.rollback()
    await this.#database.close()
  }

  /** A second time where a table turns out to be another than we know: someone dropped or changed it. */
  async #write(
    records: readonly ConnectRecord[],
    budget: Budget,
    positions: Durable | undefined,
  ): Promise<readonly Failure[]> {
    try {
      return await this.#transaction(records, budget, positions)
    } catch (error) {
      if (this.#dialect.classify(error) !== 'schema') throw error
      this.#log.info('a table has changed: reading the definitions again', { error: (error as Error).message })
    }
    try {
      return await this.#transaction(records, budget, positions)
    } catch (error) {
      if (this.#dialect.classify(error) !== 'schema') throw error
      const hint = 'does a trigger or a view name what is not there?'
      throw new ConnectError(`The database refuses a statement: ${(error as Error).message}: ${hint}`, { cause: error })
    }
  }

  /** With positions: all or nothing, and nothing where they are there already. */
  async #transaction(
    records: readonly ConnectRecord[],
    budget: Budget,
    positions: Durable | undefined,
  ): Promise<readonly Failure[]> {
    await this.#database.begin()
    try {
      if (positions !== undefined && !(await this.#move(positions))) {
        await this.#database.rollback()
        return []
      }
      const failures: Failure[] = []
      for (const [name, batch] of byTable(records, this.#config['table.name.format'])) {
        if (Date.now() > budget.deadline)
          throw new RetriableError('The time was over before the batch was written; nothing of it is')
        failures.push(...(await this.#table(name).write(batch)))
      }
      if (positions !== undefined && failures.length > 0) await this.#undo()
      else await this.#commit()
      return failures
    } catch (error) {
      await this.#undo()
      throw error
    }
  }

  /** False: they are there already, and with them what was put. */
  async #move(positions: Durable): Promise<boolean> {
    if (this.#inDoubt && positions.size > 0 && (await this.#positions?.are(positions))) return false
    await this.#positions?.move(positions)
    return true
  }

  async #commit(): Promise<void> {
    this.#inDoubt = true
    await this.#database.commit()
    this.#inDoubt = false
  }

  async #undo(): Promise<void> {
    await this.#database.rollback()
    for (const table of this.#tables.values()) table.forget()
  }

  #table(name: string): Table {
    let table = this.#tables.get(name)
    if (table === undefined) {
      table = new Table(name, this.#config, this.#dialect, this.#database, this.#log)
      this.#tables.set(name, table)
    }
    return table
  }
}

function byTable(records: readonly ConnectRecord[], format: string): ReadonlyMap<string, readonly ConnectRecord[]> {
  const tables = new Map<string, ConnectRecord[]>()
  let topic: string | null = null
  let batch: ConnectRecord[] = []
  for (const record of records) {
    if (record.topic !== topic) {
      topic = record.topic
      const name = format.trim().replaceAll(TOPIC, () => record.topic)
      batch = tables.get(name) ?? []
      tables.set(name, batch)
    }
    batch.push(record)
  }
  return tables
}
