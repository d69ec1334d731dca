/** One table: finds, creates and extends it, and writes records in their order. */
import { ConnectError, DataError } from '../../connect/errors.ts'
import type { Failure, PluginLog } from '../../connect/plugin.ts'
import type { ConnectRecord } from '../../connect/record.ts'
import type { Database, Dialect, NewColumn, SqlValue, TableDefinition } from './dialect/dialect.ts'
import { addColumn, createTable } from './dialect/sql.ts'
import { type InferredType, schemaOfType, typeOfValue, widest } from './infer.ts'
import { recordFailure } from './record-failure.ts'
import type { SinkConfig } from './settings.ts'
import { type Column, type Shape, Shapes } from './shape.ts'
import { rowOf, type Statement, statementOf } from './statement.ts'

/** The types of columns without a schema, by folded name: of the values of one batch. */
type Inferred = Map<string, InferredType>

export class Table {
  readonly #name: string
  readonly #config: SinkConfig
  readonly #dialect: Dialect
  readonly #database: Database
  readonly #log: PluginLog
  readonly #shapes: Shapes
  readonly #statements = new Map<Shape, Statement>()
  #definition: TableDefinition | null = null

  constructor(name: string, config: SinkConfig, dialect: Dialect, database: Database, log: PluginLog) {
    this.#name = name
    this.#config = config
    this.#dialect = dialect
    this.#database = database
    this.#log = log
    this.#shapes = new Shapes(config)
  }

  /** Within a transaction. Answers the records that were refused; `ConnectError` where none can be written. */
  async write(records: readonly ConnectRecord[]): Promise<readonly Failure[]> {
    const failures: Failure[] = []
    const fail = (record: ConnectRecord, error: unknown) =>
      failures.push(recordFailure(this.#dialect, this.#name, record, error))
    const good: ConnectRecord[] = []
    const shapes: Shape[] = []
    for (const record of records) {
      try {
        shapes.push(this.#shapes.of(record))
        good.push(record)
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        fail(record, error)
      }
    }
    const refused = await this.#prepare(good, shapes)
    const size = this.#config['batch.size'] || records.length
    let rows: SqlValue[][] = []
    let from: ConnectRecord[] = []
    let current: Statement | null = null
    const flush = async () => {
      if (current === null || rows.length === 0) return
      for (const { index, error } of await this.#database.write(current.sql, rows))
        fail(from[index] as ConnectRecord, error)
      rows = []
      from = []
    }
    for (let i = 0; i < good.length; i++) {
      const [record, shape] = [good[i] as ConnectRecord, shapes[i] as Shape]
      const statement = this.#statements.get(shape)
      if (statement === undefined) {
        const error = refused.get(shape)
        if (error !== undefined) fail(record, error)
        continue
      }
      if (statement !== current || rows.length >= size) await flush()
      current = statement
      try {
        rows.push(rowOf(statement, record, this.#name))
        from.push(record)
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        fail(record, error)
      }
    }
    await flush()
    return failures
  }

  /** What is known of the table may be wrong: after a rollback, or where someone else changed it. */
  forget(): void {
    this.#definition = null
    this.#statements.clear()
    this.#shapes.clear()
  }

  /** Sees to it that each shape has a statement. Answers why not; a delete from a table that isn't there needs neither. */
  async #prepare(records: readonly ConnectRecord[], shapes: readonly Shape[]): Promise<ReadonlyMap<Shape, Error>> {
    const refused = new Map<Shape, Error>()
    const open = new Set(shapes.filter((shape) => this.#isOpen(shape)))
    if (open.size === 0) return refused
    this.#definition = await this.#database.describe(this.#name)
    this.#requireKind()
    const inferred = this.#infer(records, shapes, open)
    const created = this.#definition === null
    for (const shape of [...open].sort((a, b) => Number(a.deletes) - Number(b.deletes))) {
      try {
        const reason = await this.#extend(shape, inferred, created)
        if (this.#definition === null) continue
        const target = { table: this.#name, definition: this.#definition, dialect: this.#dialect, config: this.#config }
        this.#statements.set(shape, statementOf(target, shape, reason))
      } catch (error) {
        if (!(error instanceof DataError) && this.#dialect.classify(error) !== 'row') throw error
        this.#statements.delete(shape)
        refused.set(shape, error as Error)
      }
    }
    return refused
  }

  #isOpen(shape: Shape): boolean {
    const statement = this.#statements.get(shape)
    return statement === undefined || statement.absent.length > 0
  }

  #requireKind(): void {
    const kind = this.#definition?.kind
    if (kind !== undefined && !this.#config['table.types'].some((type) => type.toUpperCase() === kind))
      throw new ConnectError(
        `\`${this.#name}\` is a ${kind}, and table.types allows ${this.#config['table.types'].join(', ')}: add ${kind} to it`,
      )
  }

  #missing(columns: readonly Column[]): readonly Column[] {
    return columns.filter((column) => this.#definition?.columns.has(this.#dialect.fold(column.name)) !== true)
  }

  #infer(records: readonly ConnectRecord[], shapes: readonly Shape[], open: ReadonlySet<Shape>): Inferred {
    const inferred: Inferred = new Map()
    const looked = new Map<Shape, readonly Column[]>()
    for (const shape of open)
      looked.set(
        shape,
        this.#missing(shape.ordered).filter((column) => column.schema === null),
      )
    for (let i = 0; i < records.length; i++) {
      for (const column of looked.get(shapes[i] as Shape) ?? []) {
        const value = column.read(records[i] as ConnectRecord) ?? null
        if (value === null) continue
        const name = this.#dialect.fold(column.name)
        inferred.set(name, widest(inferred.get(name), typeOfValue(value)))
      }
    }
    return inferred
  }

  /**
   * Creates the table or adds what the shape has beyond it; answers why columns were left out. A table of this very
   * batch takes the columns of all the batch's schemaless records, whatever `auto.evolve` says.
   */
  async #extend(shape: Shape, inferred: Inferred, created: boolean): Promise<string> {
    this.#requireNames(shape)
    if (this.#definition === null) {
      if (!this.#config['auto.create'])
        throw new ConnectError(
          `Table \`${this.#name}\` is missing and auto-creation is disabled: create it, or set auto.create=true`,
        )
      if (shape.deletes) return ''
      const columns = shape.ordered.flatMap((column) => this.#newColumn(column, inferred))
      if (columns.length === 0) throw new DataError(`no field has a value to make table \`${this.#name}\` from`)
      await this.#ddl(createTable(this.#dialect, this.#name, columns))
    }
    if (shape.deletes) return ''
    const missing = this.#missing(shape.others)
    if (missing.length === 0) return ''
    if (this.#definition?.kind === 'VIEW') return 'a view has the columns of its definition'
    for (const column of missing) {
      if (!this.#config['auto.evolve'] && !(created && column.schema === null)) return 'set auto.evolve=true, or add it'
      const { schema } = column
      if (schema !== null && !schema.optional && (schema.default ?? null) === null)
        return "its field is required and has no default, so it can't be added to the rows that are there: make it optional, or add the column"
      for (const added of this.#newColumn(column, inferred))
        await this.#ddl(addColumn(this.#dialect, this.#name, added))
    }
    return ''
  }

  /** None for a field that only nulls were seen of: its type is not known yet. */
  #newColumn({ name, schema, key }: Column, inferred: Inferred): NewColumn[] {
    if (schema !== null) return [{ name, schema, key }]
    const type = inferred.get(this.#dialect.fold(name))
    return type === undefined ? [] : [{ name, schema: schemaOfType(type), key }]
  }

  async #ddl(sql: string): Promise<void> {
    await this.#database.execute(sql)
    this.#log.info('changed the database', { table: this.#name, sql })
    this.#definition = await this.#database.describe(this.#name)
  }

  #requireNames({ ordered }: Shape): void {
    const seen = new Map<string, string>()
    for (const { name } of ordered) {
      const folded = this.#dialect.fold(name)
      const twin = seen.get(folded)
      if (twin !== undefined)
        throw new DataError(`the fields "${twin}" and "${name}" are one column in this database: rename one`)
      if (name.includes('\0')) throw new DataError(`the field ${JSON.stringify(name)} can't be a column's name`)
      seen.set(folded, name)
    }
    if (ordered.length > this.#dialect.maxColumns)
      throw new DataError(
        `the record has ${ordered.length} fields, and a table at most ${this.#dialect.maxColumns} columns`,
      )
  }
}
