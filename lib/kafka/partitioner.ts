/** Where a record goes that names no partition, as the default partitioner of Kafka's Java producer (KIP-794). */
import type { Payload } from '../connect/plugin.ts'
import { writeUtf8 } from '../connect/utf8.ts'

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Murmur2 as `org.apache.kafka.common.utils.Utils.murmur2`: signed, 32 bits. */
export function murmur2(bytes: Uint8Array, length: number = bytes.length): number {
  let hash = SEED ^ length
  const whole = length & ~3
  for (let at = 0; at < whole; at += 4) {
    let k = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(k, M)
  }
  const rest = length - whole
  if (rest > 2) hash ^= (bytes[whole + 2] ?? 0) << 16
  if (rest > 1) hash ^= (bytes[whole + 1] ?? 0) << 8
  if (rest > 0) hash = Math.imul(hash ^ (bytes[whole] ?? 0), M)
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}

let scratch = Buffer.allocUnsafe(1024)

/** The partition of a key, the same for a string and for its UTF-8. */
export function partitionOfKey(key: Exclude<Payload, null>, partitions: number): number {
  if (partitions === 1) return 0
  if (typeof key !== 'string') return (murmur2(key) & 0x7fffffff) % partitions
  if (key.length * 3 > scratch.length) scratch = Buffer.allocUnsafe(key.length * 6)
  return (murmur2(scratch, writeUtf8(scratch, key, 0)) & 0x7fffffff) % partitions
}

/** Another partition than `current`, by chance, among those that have a leader; all where none has. */
export function anotherPartition(
  current: number,
  partitions: number,
  hasLeader: (partition: number) => boolean,
): number {
  const usable: number[] = []
  for (let partition = 0; partition < partitions; partition++) {
    if (partition !== current && hasLeader(partition)) usable.push(partition)
  }
  const among = usable.length > 0 ? usable : [current < partitions && current >= 0 ? current : 0]
  return among[Math.floor(Math.random() * among.length)] ?? 0
}
