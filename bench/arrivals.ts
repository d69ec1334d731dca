/** Watches from outside how much has arrived, and when. */
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20
const LONGEST_MS = 300_000

export interface Arrival {
  /** From the start to the first look that found something, in ms. */
  readonly firstMs: number
  /** Per second between that look and the last that found more; what the first found isn't counted. */
  readonly rate: number
}

/**
 * Looks every 20 ms, until `expected` is there and nothing came for `quietMs`: what is more than expected shows, too.
 * `count` answers how much has arrived.
 */
export async function watchArrivals(count: () => Promise<number>, expected: number, quietMs: number): Promise<Arrival> {
  const start = performance.now()
  let seen = 0
  let first = { at: start, seen: 0 }
  let last = start
  for (;;) {
    const found = await count()
    const now = performance.now()
    if (found > seen) {
      if (seen === 0) first = { at: now, seen: found }
      seen = found
      last = now
    }
    if (seen >= expected && now - last >= quietMs) break
    if (now - start > LONGEST_MS) throw new Error(`${seen} of ${expected} arrived within ${LONGEST_MS / 1000} s`)
    await sleep(LOOK_MS)
  }
  return { firstMs: first.at - start, rate: ((expected - first.seen) * 1000) / (last - first.at) }
}
