/** The one statement that writes the records of a shape, and its rows. */
import { ConnectError, DataError } from '../../connect/errors.ts'
import type { ConnectRecord } from '../../connect/record.ts'
import type { Bind, Dialect, SqlValue, TableDefinition } from './dialect/dialect.ts'
import { insert, remove, update } from './dialect/sql.ts'
import type { SinkConfig } from './settings.ts'
import type { Column, Shape } from './shape.ts'

interface Bound {
  readonly column: Column
  readonly bind: Bind | null
}

export interface Statement {
  readonly sql: string
  readonly bound: readonly Bound[]
  /** Fields without a column: their values must be null. */
  readonly absent: readonly Column[]
  /** Why the columns of `absent` were not added. */
  readonly reason: string
}

export interface Target {
  readonly table: string
  readonly definition: TableDefinition
  readonly dialect: Dialect
  readonly config: SinkConfig
}

/** `DataError` for a shape that has nothing to write, `ConnectError` for a table that can't take the mode. */
export function statementOf(target: Target, shape: Shape, reason: string): Statement {
  const { dialect, definition, table } = target
  const has = (column: Column) => definition.columns.has(dialect.fold(column.name))
  const absent = shape.others.filter((column) => !has(column))
  const others = shape.others.filter(has)
  const [sql, columns] = sqlOf(target, shape, others)
  const bound = columns.map((column) => {
    const found = definition.columns.get(dialect.fold(column.name))
    if (found === undefined)
      throw new DataError(
        `column \`${column.name}\` of the primary key is missing in table \`${table}\`: add it, or choose other pk.fields`,
      )
    return { column, bind: dialect.bind(column.schema, { name: column.name, type: found.type }) }
  })
  return { sql, bound, absent, reason }
}

function sqlOf(
  target: Target,
  shape: Shape,
  others: readonly Column[],
): readonly [sql: string, columns: readonly Column[]] {
  const { dialect, table } = target
  const [keyNames, otherNames] = [shape.keys, others].map((columns) => columns.map((column) => column.name)) as [
    string[],
    string[],
  ]
  const all = [...shape.keys, ...others]
  if (shape.deletes) return [remove(dialect, table, keyNames), shape.keys]
  if (all.length === 0) throw new DataError(`the value has no field with a column in table \`${table}\``)
  switch (target.config['insert.mode'].toLowerCase()) {
    case 'upsert':
      requireUnique(target, keyNames)
      return [dialect.upsert(table, keyNames, otherNames), all]
    case 'update':
      if (others.length === 0)
        throw new DataError(`the value has no field to update in table \`${table}\` besides the primary key`)
      return [update(dialect, table, keyNames, otherNames), [...others, ...shape.keys]]
    default:
      return [insert(dialect, table, keyNames, otherNames), all]
  }
}

/** Without a constraint on the key an upsert would quietly add a row each time. */
function requireUnique({ dialect, definition, table }: Target, keys: readonly string[]): void {
  const folded = keys.map((name) => dialect.fold(name))
  if (definition.kind === 'VIEW' || definition.unique.some((unique) => unique.every((name) => folded.includes(name))))
    return
  throw new ConnectError(
    `Table \`${table}\` has no primary key or unique index on (${keys.join(', ')}), which insert.mode=upsert needs: add one`,
  )
}

/** `DataError` for a null in the primary key, a value that the column can't hold, or one that has no column. */
export function rowOf(statement: Statement, record: ConnectRecord, table: string): SqlValue[] {
  const { bound, absent } = statement
  const row: SqlValue[] = new Array(bound.length)
  for (let i = 0; i < bound.length; i++) {
    const { column, bind } = bound[i] as Bound
    const value = column.read(record) ?? null
    if (value === null) {
      if (column.key) throw new DataError(`column \`${column.name}\` is of the primary key, and its value is null`)
      row[i] = null
    } else if (bind !== null) row[i] = bind(value)
    else if (typeof value === 'object' ? value instanceof Uint8Array : typeof value !== 'boolean')
      row[i] = value as SqlValue
    else
      throw new DataError(
        `the value for column \`${column.name}\` is not of its schema, ${column.schema?.name ?? column.schema?.type}`,
      )
  }
  for (const { name, schema, read } of absent)
    if (schema !== null || (read(record) ?? null) !== null)
      throw new DataError(`column \`${name}\` is missing in table \`${table}\`: ${statement.reason}`)
  return row
}
