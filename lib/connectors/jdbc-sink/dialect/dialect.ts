/** What a database needs of its own. One dialect a file; the rest of the sink knows no product. */
import type { Budget } from '../../../connect/budget.ts'
import type { Schema } from '../../../connect/schema.ts'
import type { Value } from '../../../connect/value.ts'

export type SqlValue = null | number | bigint | string | Uint8Array

/** A value that isn't null, as the driver takes it. `DataError` where the column can't hold it unchanged. */
export type Bind = (value: Value) => SqlValue

export interface ColumnDefinition {
  readonly name: string
  /** As the database declares it. */
  readonly type: string
}

export interface TableDefinition {
  readonly kind: 'TABLE' | 'VIEW'
  /** By name as `Dialect.fold` makes it. */
  readonly columns: ReadonlyMap<string, ColumnDefinition>
  /** The primary key and the unique constraints, as folded names. */
  readonly unique: readonly (readonly string[])[]
}

export interface NewColumn {
  readonly name: string
  readonly schema: Schema
  readonly key: boolean
}

export interface RowError {
  /** Of the row that was refused. */
  readonly index: number
  readonly error: Error
}

/** A connection. Statements run within a transaction; an error that isn't answered leaves nothing to commit. */
export interface Database {
  /** Takes what is needed to write until `commit` or `rollback`. */
  begin(): Promise<void>
  commit(): Promise<void>
  /** Never throws; nothing to do where no transaction is open. */
  rollback(): Promise<void>
  /** Null: there is no such table. */
  describe(table: string): Promise<TableDefinition | null>
  /** DDL; a statement that fails leaves the transaction as it was. */
  execute(sql: string): Promise<void>
  /** Runs a statement for each row, in order. Rows that are refused by themselves are answered; the others are written. */
  write(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<readonly RowError[]>
  /** The rows of a query, each an array of its columns. */
  query(sql: string, values: readonly SqlValue[]): Promise<readonly (readonly SqlValue[])[]>
  /** Runs a statement; answers how many rows it has changed. */
  change(sql: string, values: readonly SqlValue[]): Promise<number>
  close(): Promise<void>
}

/**
 * `retriable`: the same batch may go through later. `row`: it's the row or the change of a table that was asked for.
 * `schema`: a table isn't as it was described.
 */
export type ErrorClass = 'retriable' | 'row' | 'schema' | 'fatal'

export interface Dialect {
  /** As `dialect.name` takes it. */
  readonly name: string
  /** How many columns a table can have. */
  readonly maxColumns: number
  /** Equal for names that the database takes for one. */
  fold(column: string): string
  quote(identifier: string): string
  /** A table's name with all that qualifies it, quoted. */
  quoteTable(table: string): string
  sqlType(column: string, schema: Schema): string
  /** A default value as a literal. */
  literal(schema: Schema, value: Value): string
  /** Null: values of this schema go as they are. Without a schema, the value itself says what it is. */
  bind(schema: Schema | null, column: ColumnDefinition): Bind | null
  upsert(table: string, keys: readonly string[], others: readonly string[]): string
  classify(error: unknown): ErrorClass
  /** What the user can do about a row that was refused, if there is something to say. */
  advice(error: unknown): string | null
  /** `ConfigError` where the database can't be reached as configured. */
  open(budget: Budget): Promise<Database>
  /** What `open` would trip over, without opening or creating anything; null: nothing. */
  check(): Promise<string | null>
}
