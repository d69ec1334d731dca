/**
 * Buffers of acknowledged batches, kept for the next ones: a fresh megabyte costs 250 page faults, as much time as a
 * tenth of the records that fill it.
 */
export interface BatchBuffers {
  /** A buffer of at least `size` bytes, with anything in it. */
  take(size: number): Buffer
  /** `buffer`, or a view of it, is no longer in use. */
  give(buffer: Buffer): void
}

const SMALLEST = 4096
const LARGEST = 2 * 1024 * 1024

/** Keeps at most `limit` bytes of free buffers, of sizes that are powers of two. */
export function newBatchBuffers(limit: number): BatchBuffers {
  const free = new Map<number, ArrayBufferLike[]>()
  let kept = 0
  return {
    take(size) {
      const capacity = size > LARGEST ? size : Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(size)))
      const found = free.get(capacity)?.pop()
      if (found === undefined) return Buffer.allocUnsafeSlow(capacity)
      kept -= capacity
      return Buffer.from(found)
    },
    give(buffer) {
      const whole = buffer.buffer
      if (whole.byteLength > LARGEST || kept + whole.byteLength > limit) return
      kept += whole.byteLength
      const same = free.get(whole.byteLength)
      if (same === undefined) free.set(whole.byteLength, [whole])
      else same.push(whole)
    },
  }
}
