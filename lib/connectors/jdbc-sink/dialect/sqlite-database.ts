/** A SQLite file, through Node's own driver: in process and synchronous, so a statement is over when it returns. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { ColumnDefinition, Database, RowError, SqlValue, TableDefinition } from './dialect.ts'
import type { SqliteUrl } from './sqlite-url.ts'

/** Statements kept prepared; the oldest goes first. */
const STATEMENTS = 500

/** SQLite's result code of a file that another connection holds. */
const BUSY = 5

/** Linux's numbers of file systems without shared memory between hosts: NFS, CIFS, SMB2, SMB, 9P, FUSE. */
const NETWORK_FILE_SYSTEMS: readonly number[] = [0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x65735546]

export class SqliteDatabase implements Database {
  readonly #db: DatabaseSync
  readonly #isRowError: (error: unknown) => boolean
  readonly #statements = new Map<string, StatementSync>()

  /**
   * Opens the file, creates it where it isn't there. What is committed is on disk (`synchronous=FULL`). A file
   * of our own making on a local disk has a write-ahead log, so that readers neither wait nor are waited for;
   * the journal of a file that was there stays as it is.
   */
  constructor(url: SqliteUrl, isRowError: (error: unknown) => boolean) {
    const ours = !existsSync(url.path)
    this.#db = new DatabaseSync(url.path, { timeout: url.busyTimeoutMs, enableForeignKeyConstraints: false })
    this.#isRowError = isRowError
    if (ours && !url.pragmas.has('journal_mode') && !onNetwork(url.path)) this.#tryWriteAheadLog()
    if (!url.pragmas.has('synchronous')) this.#db.exec('PRAGMA synchronous = FULL')
    for (const [name, value] of url.pragmas) this.#db.exec(`PRAGMA ${name} = ${value}`)
  }

  /** Another task that creates the file at the same time does the same: a lock is no reason to fail. */
  #tryWriteAheadLog(): void {
    try {
      this.#db.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if ((error as { readonly errcode?: number }).errcode !== BUSY) throw error
    }
  }

  async begin(): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE')
  }

  async commit(): Promise<void> {
    this.#db.exec('COMMIT')
  }

  async rollback(): Promise<void> {
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
    this.#statements.clear()
  }

  async describe(table: string): Promise<TableDefinition | null> {
    const found = this.#all(
      'SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN (?, ?)',
      table,
      'table',
      'view',
    )
    const kind = found[0]?.['type']
    if (kind === undefined) return null
    const columns = new Map<string, ColumnDefinition>()
    const primary: string[] = []
    for (const row of this.#all('SELECT name, type, pk FROM pragma_table_xinfo(?)', table)) {
      const name = String(row['name'])
      columns.set(foldName(name), { name, type: String(row['type']) })
      if (Number(row['pk']) > 0) primary.push(foldName(name))
    }
    const unique = primary.length > 0 ? [primary] : []
    for (const index of this.#all('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', table)) {
      const parts = this.#all('SELECT name FROM pragma_index_info(?)', index['name'] as string)
      if (parts.every((part) => part['name'] !== null)) unique.push(parts.map((part) => foldName(String(part['name']))))
    }
    return { kind: kind === 'view' ? 'VIEW' : 'TABLE', columns, unique }
  }

  async execute(sql: string): Promise<void> {
    this.#db.exec(sql)
  }

  async write(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<readonly RowError[]> {
    const statement = this.#prepare(sql)
    const errors: RowError[] = []
    for (let index = 0; index < rows.length; index++) {
      try {
        statement.run(...(rows[index] as SqlValue[]))
      } catch (error) {
        if (!this.#db.isTransaction || !this.#isRowError(error)) throw error
        errors.push({ index, error: error as Error })
      }
    }
    return errors
  }

  async query(sql: string, values: readonly SqlValue[]): Promise<readonly (readonly SqlValue[])[]> {
    const rows = this.#prepare(sql).all(...(values as SqlValue[])) as Record<string, SqlValue>[]
    return rows.map((row) => Object.values(row))
  }

  async change(sql: string, values: readonly SqlValue[]): Promise<number> {
    return Number(this.#prepare(sql).run(...(values as SqlValue[])).changes)
  }

  async close(): Promise<void> {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #all(sql: string, ...values: string[]): Record<string, SqlValue>[] {
    return this.#db.prepare(sql).all(...values) as Record<string, SqlValue>[]
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    if (this.#statements.size >= STATEMENTS) this.#statements.delete(this.#statements.keys().next().value as string)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** SQLite's names are equal without regard to the case of A to Z. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function onNetwork(path: string): boolean {
  return NETWORK_FILE_SYSTEMS.includes(statfsSync(dirname(path)).type >>> 0)
}
