/** The values of the table's items, and DynamoDB's wire form of them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'

export type Attribute =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly Attribute[]
  | { readonly [name: string]: Attribute }

export type Item = { readonly [name: string]: Attribute }

export function marshal(value: Attribute): AttributeValue {
  if (value === null) return { NULL: true }
  switch (typeof value) {
    case 'string':
      return { S: value }
    case 'number':
      return { N: String(value) }
    case 'boolean':
      return { BOOL: value }
    default:
      if (value instanceof Uint8Array) return { B: value }
      return isList(value) ? { L: value.map(marshal) } : { M: marshalItem(value) }
  }
}

export function marshalItem(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, marshal(value)]))
}

export function unmarshal(value: AttributeValue): Attribute {
  if (value.S !== undefined) return value.S
  if (value.N !== undefined) return Number(value.N)
  if (value.BOOL !== undefined) return value.BOOL
  if (value.NULL !== undefined) return null
  if (value.M !== undefined) return unmarshalItem(value.M)
  if (value.L !== undefined) return value.L.map(unmarshal)
  if (value.B !== undefined) return value.B
  throw new TypeError(`An attribute of the type ${Object.keys(value).join()} is none of ours`)
}

export function unmarshalItem(item: Record<string, AttributeValue>): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, unmarshal(value)]))
}

function isList(value: readonly Attribute[] | { readonly [name: string]: Attribute }): value is readonly Attribute[] {
  return Array.isArray(value)
}
