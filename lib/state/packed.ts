/** JSON in an attribute: as text, or compressed where it is long, since an item holds 400 KB. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Attribute } from './attributes.ts'

/** Zstandard sees that task configs repeat each other over 2 MB; deflate looks back no more than 32 KB. */
const COMPRESS_FROM = 8_192

export function pack(value: unknown): string | Uint8Array {
  const text = JSON.stringify(value)
  return text.length < COMPRESS_FROM ? text : zstdCompressSync(text)
}

/** Undefined for an attribute that isn't there. */
export function unpack(attribute: Attribute | undefined): unknown {
  if (typeof attribute === 'string') return JSON.parse(attribute)
  if (attribute instanceof Uint8Array) return JSON.parse(zstdDecompressSync(attribute).toString())
  return undefined
}
