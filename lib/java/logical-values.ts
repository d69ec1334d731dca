/** Logical types to and from what stands for them on the wire, with the checks of `org.apache.kafka.connect.data`. */
import { DataError } from '../connect/errors.ts'
import type { Schema } from '../connect/schema.ts'
import { Decimal } from '../connect/value.ts'
import { DAY_MS } from './calendar.ts'

/** Days since the epoch (`Date.fromLogical`). */
export function dateDays(date: Date): number {
  const ms = date.getTime()
  if (ms % DAY_MS !== 0)
    throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
  return ms / DAY_MS || 0
}

/** Milliseconds since midnight (`Time.fromLogical`). */
export function timeMs(date: Date): number {
  const ms = date.getTime()
  if (ms < 0 || ms > DAY_MS)
    throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
  return ms
}

/** `Time.toLogical`. */
export function timeOf(ms: number): Date {
  if (ms < 0 || ms > DAY_MS)
    throw new DataError('Time values must use number of milliseconds greater than 0 and less than 86400000')
  return new Date(ms)
}

function scaleOf(schema: Schema): number {
  const text = schema.parameters?.get('scale')
  if (text === undefined) throw new DataError('Invalid Decimal schema: scale parameter not found.')
  if (!/^[+-]?[0-9]+$/.test(text) || Math.abs(Number(text)) > 2147483647)
    throw new DataError('Invalid scale parameter found in Decimal schema: ')
  return Number(text)
}

/** The unscaled value, two's complement and big-endian, in as few bytes as hold it (`Decimal.fromLogical`). */
export function decimalBytes(schema: Schema, decimal: Decimal): Uint8Array {
  const scale = scaleOf(schema)
  if (decimal.scale !== scale)
    throw new DataError(
      `Decimal value has mismatching scale for given Decimal schema. Schema has scale ${scale}, value has scale ${decimal.scale}.`,
    )
  return unscaledBytes(decimal.unscaled)
}

export function unscaledBytes(unscaled: bigint): Uint8Array {
  const bits =
    (unscaled < 0n ? -unscaled - 1n : unscaled).toString(2).length + (unscaled === 0n || unscaled === -1n ? 0 : 1)
  const length = Math.max(1, Math.ceil(bits / 8))
  const hex = BigInt.asUintN(length * 8, unscaled)
    .toString(16)
    .padStart(length * 2, '0')
  return Buffer.from(hex, 'hex')
}

/** `Decimal.toLogical`. No bytes at all are a `NumberFormatException` in Java; here a `DataError`. */
export function decimalOf(schema: Schema, bytes: Uint8Array): Decimal {
  if (bytes.length === 0) throw new DataError('Zero length BigInteger')
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return new Decimal(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)), scaleOf(schema))
}
