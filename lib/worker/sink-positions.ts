/**
 * What a sink's group holds where the positions are kept in the target (`penstock.sink.exactly.once`). The group's are a
 * copy then, for tools that show the lag, and marked as such: offsets that somebody else has set are not.
 */
import type { GroupOffset } from '../kafka/groups.ts'

/** The offset's metadata. */
const COPY = 'penstock:copy'
const RESET = 'penstock:reset'

export function asCopies(offsets: readonly GroupOffset[]): GroupOffset[] {
  return offsets.map((offset) => ({ ...offset, leaderEpoch: -1, metadata: COPY }))
}

/** In place of an offset that is taken away: else the target's would count. */
export function asReset({ topic, partition }: Pick<GroupOffset, 'topic' | 'partition'>): GroupOffset {
  return { topic, partition, offset: 0, leaderEpoch: -1, metadata: RESET }
}

export function isCopy({ metadata }: GroupOffset): boolean {
  return metadata === COPY
}

export function isReset({ metadata }: GroupOffset): boolean {
  return metadata === RESET
}
