/**
 * The compressions of record batches, as Kafka's Java clients write and read them. Each codec is loaded on first use.
 */
import { ConfigError, ConnectError } from '../connect/errors.ts'

export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface Codec {
  readonly type: CompressionType
  /** The number in a batch's attributes. */
  readonly id: number
  /** `level` as `compression.gzip.level` and `compression.zstd.level`; the other codecs have none here. */
  compress(bytes: Uint8Array, level?: number): Uint8Array
  /** Throws where the bytes aren't of this codec. */
  decompress(bytes: Uint8Array): Buffer
}

/** By the number in a batch's attributes. */
const TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The codec that leaves bytes as they are. */
export const UNCOMPRESSED: Codec = { type: 'none', id: 0, compress: (bytes) => bytes, decompress: asBuffer }

const loaded = new Map<CompressionType, Codec>([['none', UNCOMPRESSED]])

/** Loads a codec. `ConfigError` where this platform can't have it. */
export async function loadCodec(type: CompressionType): Promise<Codec> {
  const known = loaded.get(type)
  if (known !== undefined) return known
  const codec = { ...(await load(type)), type, id: TYPES.indexOf(type) }
  loaded.set(type, codec)
  return codec
}

/** The codec of a batch's attributes where it is loaded already, else undefined. */
export function loadedCodec(id: number): Codec | undefined {
  return loaded.get(compressionType(id))
}

/** The name of the compression with this number in a batch's attributes. */
export function compressionType(id: number): CompressionType {
  const type = TYPES[id]
  if (type === undefined) throw new ConnectError(`A batch is compressed with the unknown compression ${id}`)
  return type
}

function load(type: CompressionType): Promise<Pick<Codec, 'compress' | 'decompress'>> {
  switch (type) {
    case 'none':
      return Promise.resolve(UNCOMPRESSED)
    case 'gzip':
      return loadGzip()
    case 'snappy':
      return loadSnappy()
    case 'lz4':
      return loadLz4()
    case 'zstd':
      return loadZstd()
    default:
      throw new ConfigError(`Unknown compression ${String(type satisfies never)}`)
  }
}

async function loadGzip(): Promise<Pick<Codec, 'compress' | 'decompress'>> {
  const { gzipSync, gunzipSync } = await import('node:zlib')
  return {
    compress: (bytes, level = -1) => gzipSync(bytes, { level, chunkSize: CHUNK }),
    decompress: (bytes) => gunzipSync(bytes, { chunkSize: CHUNK }),
  }
}

async function loadZstd(): Promise<Pick<Codec, 'compress' | 'decompress'>> {
  const { zstdCompressSync, zstdDecompressSync, constants } = await import('node:zlib')
  return {
    compress: (bytes, level = 3) =>
      zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize: CHUNK }),
    decompress: (bytes) => zstdDecompressSync(bytes, { chunkSize: CHUNK }),
  }
}

/** zlib's output grows in steps of this; its 16 KB default makes 60 pieces of one batch. */
const CHUNK = 256 * 1024

/** LZ4 frames with independent blocks and no checksums, which is what Kafka's own reader takes. */
async function loadLz4(): Promise<Pick<Codec, 'compress' | 'decompress'>> {
  const lz4 = await import('lz4-napi').catch((error: unknown) => {
    throw new ConfigError('The compression lz4 needs the package lz4-napi with its file for this platform', error)
  })
  return {
    compress: (bytes) => lz4.compressFrameSync(asBuffer(bytes)),
    decompress: (bytes) => lz4.decompressFrameSync(asBuffer(bytes)),
  }
}

/** What snappy-java writes before its blocks: a name, its version and the oldest version that can read it. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
const XERIAL_NAME = XERIAL.subarray(0, 8)
/** One fragment of the compressor: it finds no matches across them. */
const SNAPPY_BLOCK = 64 * 1024

async function loadSnappy(): Promise<Pick<Codec, 'compress' | 'decompress'>> {
  const snappy = (await import('snappyjs')).default
  return {
    compress(bytes) {
      const parts: Uint8Array[] = [XERIAL]
      for (let at = 0; at < bytes.length; at += SNAPPY_BLOCK) {
        const block = snappy.compress(plain(bytes.subarray(at, at + SNAPPY_BLOCK)))
        const length = Buffer.allocUnsafe(4)
        length.writeInt32BE(block.length)
        parts.push(length, block)
      }
      return Buffer.concat(parts)
    },
    decompress(bytes) {
      const buffer = asBuffer(bytes)
      if (XERIAL_NAME.compare(buffer, 0, XERIAL_NAME.length) !== 0) return asBuffer(snappy.uncompress(plain(buffer)))
      const parts: Uint8Array[] = []
      for (let at = XERIAL.length; at < buffer.length; ) {
        const from = at + 4
        at = from + buffer.readInt32BE(at)
        if (at < from || at > buffer.length) throw new RangeError('A snappy block ends after its batch')
        parts.push(snappy.uncompress(plain(buffer.subarray(from, at))))
      }
      return Buffer.concat(parts)
    },
  }
}

/** snappyjs answers Buffers with zero-filled ones; a plain array is as good and keeps its type. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
