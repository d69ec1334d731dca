/** Nested values as JSON text, for columns that hold a struct, an array or a map. */
import { Boxed, Decimal, Struct, type Value } from '../../connect/value.ts'

/** Bytes are base64, decimals strings, dates epoch ms; a map with keys that aren't all strings is an array of pairs. */
export function jsonText(value: Value): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'string':
      return JSON.stringify(value)
    default:
      return objectText(value)
  }
}

export function decimalText({ unscaled, scale }: Decimal): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function objectText(value: Exclude<Value, null | number | bigint | boolean | string>): string {
  if (value instanceof Struct)
    return pairs(value.schema.fields.map(({ name, index }) => [name, value.values[index] ?? null]))
  if (value instanceof Uint8Array)
    return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof Decimal) return `"${decimalText(value)}"`
  if (value instanceof Boxed) return jsonText(value.value)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (!(value instanceof Map)) return pairs(Object.entries(value as { readonly [key: string]: Value }))
  const entries = [...(value as ReadonlyMap<Value, Value>)]
  if (entries.every((entry): entry is [string, Value] => typeof entry[0] === 'string')) return pairs(entries)
  return `[${entries.map(([key, item]) => `[${jsonText(key)},${jsonText(item)}]`).join(',')}]`
}

function pairs(entries: readonly (readonly [string, Value])[]): string {
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`).join(',')}}`
}
