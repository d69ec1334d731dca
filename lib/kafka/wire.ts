/** The primitives of Kafka's protocol before its flexible versions: big-endian numbers, lengths before what varies. */

/** A request's body. Grows as it is written; `finish` hands out the bytes. */
export class WireWriter {
  #bytes: Buffer
  #at = 0

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  #room(size: number): number {
    const at = this.#at
    if (at + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, at + size))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    this.#at = at + size
    return at
  }

  int8(value: number): this {
    const at = this.#room(1)
    this.#bytes.writeInt8(value, at)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    const at = this.#room(2)
    this.#bytes.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#room(4)
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  int64(value: number | bigint): this {
    const at = this.#room(8)
    this.#bytes.writeBigInt64BE(BigInt(value), at)
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length)
    const at = this.#room(length)
    this.#bytes.write(value, at, length)
    return this
  }

  bytes(value: Buffer | null): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  raw(value: Buffer): this {
    const at = this.#room(value.length)
    value.copy(this.#bytes, at)
    return this
  }

  /** An unsigned varint, which flexible versions have for lengths plus one. */
  varint(value: number): this {
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.#unsigned((rest & 0x7f) | 0x80)
    return this.#unsigned(rest)
  }

  #unsigned(byte: number): this {
    const at = this.#room(1)
    this.#bytes[at] = byte
    return this
  }

  array<T>(items: readonly T[] | null, each: (item: T, writer: this) => void): this {
    if (items === null) return this.int32(-1)
    this.int32(items.length)
    for (const item of items) each(item, this)
    return this
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }
}

/** An int64 that is a safe integer, as offsets, timestamps and producer ids are. */
function readInt64(buffer: Buffer, offset: number): number {
  return buffer.readInt32BE(offset) * 0x1_0000_0000 + buffer.readUInt32BE(offset + 4)
}

/** A response's body. Reading past its end throws a RangeError. */
export class WireReader {
  readonly buffer: Buffer
  offset: number

  constructor(buffer: Buffer, offset = 0) {
    this.buffer = buffer
    this.offset = offset
  }

  int8(): number {
    const value = this.buffer.readInt8(this.offset)
    this.offset += 1
    return value
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    const value = this.buffer.readInt16BE(this.offset)
    this.offset += 2
    return value
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.offset)
    this.offset += 4
    return value
  }

  int64(): number {
    const value = readInt64(this.buffer, this.offset)
    this.offset += 8
    return value
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    const length = this.int16()
    if (length < 0) return null
    const value = this.buffer.toString('utf8', this.offset, this.offset + length)
    this.offset += length
    return value
  }

  /** A view of the response's own memory, not a copy. */
  bytes(): Buffer | null {
    const length = this.int32()
    if (length < 0) return null
    const value = this.buffer.subarray(this.offset, this.offset + length)
    this.offset += length
    return value
  }

  array<T>(each: (reader: this) => T): T[] {
    const length = this.int32()
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(each(this))
    return items
  }

  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.buffer.readUInt8(this.offset++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  compactString(): string | null {
    const length = this.varint() - 1
    if (length < 0) return null
    const value = this.buffer.toString('utf8', this.offset, this.offset + length)
    this.offset += length
    return value
  }
}
