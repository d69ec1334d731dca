/** JSON in an attribute: as text, or deflated where it is long, since an item holds 400 KB. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Attribute } from './attributes.ts'

const DEFLATE_FROM = 8_192

export function pack(value: unknown): string | Uint8Array {
  const text = JSON.stringify(value)
  return text.length < DEFLATE_FROM ? text : deflateRawSync(text)
}

/** Undefined for an attribute that isn't there. */
export function unpack(attribute: Attribute | undefined): unknown {
  if (typeof attribute === 'string') return JSON.parse(attribute)
  if (attribute instanceof Uint8Array) return JSON.parse(inflateRawSync(attribute).toString())
  return undefined
}
