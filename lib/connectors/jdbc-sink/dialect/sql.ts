/** The statements that the dialects share. Bind order: INSERT keys, others; UPDATE others, keys; DELETE keys. */
import type { Dialect, NewColumn } from './dialect.ts'

type Naming = Pick<Dialect, 'quote' | 'quoteTable'>

export function insert(
  dialect: Naming,
  table: string,
  keys: readonly string[],
  others: readonly string[],
  verb = 'INSERT',
): string {
  const columns = [...keys, ...others]
  const names = columns.map((name) => dialect.quote(name)).join(',')
  return `${verb} INTO ${dialect.quoteTable(table)}(${names}) VALUES(${columns.map(() => '?').join(',')})`
}

export function update(dialect: Naming, table: string, keys: readonly string[], others: readonly string[]): string {
  const set = others.map((name) => `${dialect.quote(name)} = ?`).join(', ')
  return `UPDATE ${dialect.quoteTable(table)} SET ${set} WHERE ${equal(dialect, keys)}`
}

export function remove(dialect: Naming, table: string, keys: readonly string[]): string {
  return `DELETE FROM ${dialect.quoteTable(table)} WHERE ${equal(dialect, keys)}`
}

export function createTable(dialect: Dialect, table: string, columns: readonly NewColumn[]): string {
  const specs = columns.map((column) => columnSpec(dialect, column))
  const keys = columns.filter((column) => column.key).map((column) => dialect.quote(column.name))
  if (keys.length > 0) specs.push(`PRIMARY KEY(${keys.join(',')})`)
  return `CREATE TABLE ${dialect.quoteTable(table)} (\n${specs.join(',\n')})`
}

export function addColumn(dialect: Dialect, table: string, column: NewColumn): string {
  return `ALTER TABLE ${dialect.quoteTable(table)} ADD ${columnSpec(dialect, column)}`
}

function columnSpec(dialect: Dialect, { name, schema, key }: NewColumn): string {
  const typed = `${dialect.quote(name)} ${dialect.sqlType(name, schema)}`
  const nested = schema.type === 'struct' || schema.type === 'array' || schema.type === 'map'
  if (schema.default !== undefined && schema.default !== null && !nested)
    return `${typed} DEFAULT ${dialect.literal(schema, schema.default)}`
  return schema.optional && !key ? `${typed} NULL` : `${typed} NOT NULL`
}

function equal(dialect: Naming, keys: readonly string[]): string {
  return keys.map((name) => `${dialect.quote(name)} = ?`).join(' AND ')
}
