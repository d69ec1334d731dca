/**
 * Translates offsets of the source cluster into offsets of the copies, by what MirrorSourceConnector has written about
 * single records (`OffsetSyncStore`, KAFKA-12468). Of each partition it keeps up to 64 syncs, the closer together the
 * nearer they are to the end.
 */
import type { TopicPartition } from '../../../kafka/admin.ts'
import type { OffsetSync } from '../records.ts'

const SYNCS = 64
/** Translates to no offset: the group is further back than what is known. */
export const TOO_FAR_BACK = -1

export class OffsetSyncStore {
  readonly #syncs = new Map<string, OffsetSync[]>()
  /** Only the last sync of each partition is kept, as earlier ones might lead groups back. */
  #onlyLast: boolean

  /** `onlyLast`: until `readToEnd`; for who can't tell which checkpoints there are. */
  constructor(onlyLast: boolean) {
    this.#onlyLast = onlyLast
  }

  /** All that there was at the start is added. */
  readToEnd(): void {
    this.#onlyLast = false
  }

  /** In the order of their topic. */
  add(sync: OffsetSync): void {
    const key = keyOf(sync)
    const known = this.#syncs.get(key)
    const isRewind = known !== undefined && sync.upstreamOffset < (known[0] as OffsetSync).upstreamOffset
    if (known === undefined || isRewind || this.#onlyLast) this.#syncs.set(key, new Array<OffsetSync>(SYNCS).fill(sync))
    else insert(known, sync)
  }

  /**
   * Where a group that is to read `upstreamOffset` next goes on in the copy: not after any record that it hasn't read.
   * `TOO_FAR_BACK` where that isn't known; undefined for a partition without syncs.
   */
  translate(place: TopicPartition, upstreamOffset: number): number | undefined {
    const syncs = this.#syncs.get(keyOf(place))
    if (syncs === undefined) return undefined
    const sync = syncs.find((one) => one.upstreamOffset <= upstreamOffset)
    if (sync === undefined) return TOO_FAR_BACK
    // Of what follows the record of the sync nobody knows how much came to be written: one record is sure.
    return sync.downstreamOffset + (upstreamOffset === sync.upstreamOffset ? 0 : 1)
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/**
 * Puts a sync in front, and thins out what is behind it. The distances between neighbours at i and j, i < j, stay at
 * most 2^j - 2^i (or translation would be worse than it has to be), and at least 2^(i-2) (or there would be too many).
 */
function insert(syncs: OffsetSync[], sync: OffsetSync): void {
  const original = [...syncs]
  const at = (list: readonly OffsetSync[], i: number) => list[i] as OffsetSync
  let replacement = sync
  /** The old sync that is looked at next. */
  let next = 0
  syncs[0] = sync
  for (let current = 1; current < SYNCS; current++) {
    const before = at(syncs, current - 1)
    for (;;) {
      const old = at(original, next)
      const isApart = isFarEnough(before, old, current - 1)
      const leavesRoom = current + 1 >= SYNCS || isFarEnough(old, at(syncs, current + 1), current)
      const isTaken = isNearEnough(before, old, current - 1, current) && isApart && leavesRoom
      if (isTaken) replacement = old
      const isOfNoUse = !isApart || (next + 1 < SYNCS && old === at(original, next + 1))
      if (isTaken || isOfNoUse) next++
      if (!isOfNoUse || next >= current) break
    }
    if (isNearEnough(before, at(syncs, current), current - 1, current)) return
    syncs[current] = replacement
  }
}

function isNearEnough(newer: OffsetSync, older: OffsetSync, i: number, j: number): boolean {
  return newer === older || newer.upstreamOffset <= older.upstreamOffset + 2 ** j - 2 ** i
}

function isFarEnough(newer: OffsetSync, older: OffsetSync, i: number): boolean {
  return newer === older || newer.upstreamOffset >= older.upstreamOffset + 2 ** Math.max(i - 2, 0)
}
