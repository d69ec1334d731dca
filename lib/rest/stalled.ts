/** Whether a task that runs gets on: what its lease tells, as `lib/slice/moves.ts` has written it. */
import type { Lease } from '../state/lease.ts'
import type { Worker } from '../worker/settings.ts'
import type { LiveView } from './connector-info.ts'
import { integer, nullable, object, type Static } from './schema.ts'

export const stalled = object({ since: integer, restartAt: nullable(integer) })

/** Shorter than that nobody needs to know of, in ms; nor than half of the limit. */
const SHOWN_MS = 30_000

/** Null for a task that gets on, or doesn't run. */
export function stalledNow(
  lease: Lease | undefined,
  view: LiveView,
  { settings }: Worker,
  now: number,
): Static<typeof stalled> | null {
  if (lease?.state !== 'owned') return null
  const { end, invitedAt, progress } = lease
  const last = progress.lastProgress ?? 0
  const since = end?.kind === 'again' && last > 0 ? last : Math.max(last, invitedAt)
  const limit = Number(view.config['penstock.stall.restart.ms'] ?? settings['penstock.stall.restart.ms'])
  const worthIt = limit < 0 ? SHOWN_MS : Math.min(SHOWN_MS, limit / 2)
  // The lease is some time behind.
  if (now - since < Math.max(worthIt, 2 * settings['penstock.progress.ms'])) return null
  return { since, restartAt: limit < 0 ? null : since + limit }
}
