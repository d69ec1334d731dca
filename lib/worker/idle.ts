/** How often an idle task is looked at: seldomer the longer nothing has come, and many tasks at the same time. */

/** What is known of a task that had nothing more to do. */
export interface Idle {
  /** Since when nothing has come, epoch ms; over slices that found nothing. */
  readonly since: number
  /** The shortest time between looks that makes sense to the task, in ms. */
  readonly idleMs: number
  /** `Polled.mark`; null for a sink, whose partitions tell, and for a source that only a slice can look at. */
  readonly mark: string | null
}

/** The times between looks, in ms. Each but the first few divides the next: looks of different tasks meet. */
const STEPS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000]
/** After a quiet time of this many times the interval the next longer one begins. */
const PATIENCE = 8

/**
 * An idle task gets a slice after so long all the same, in ms: the broker forgets the offsets of a group without members
 * that were last committed `offsets.retention.minutes` ago (7 days unless set, KIP-211), so a sink commits them again.
 */
export const RENEW_MS = 12 * 3_600_000

/** The time between looks at `now`, in ms; `idleMaxMs` (`penstock.idle.max.ms`) at most. */
export function lookEveryMs({ since, idleMs }: Idle, idleMaxMs: number, now: number): number {
  const bearable = Math.max(idleMs, (now - since) / PATIENCE)
  const step = STEPS_MS.findLast((one) => one <= bearable) ?? STEPS_MS[0] ?? idleMaxMs
  return Math.min(step, idleMaxMs)
}

/**
 * When the task is to be looked at next, epoch ms: at whole multiples of the time between looks, so that tasks with
 * the same come at once, whoever asks; not at one that is nearer than a quarter of it.
 */
export function nextLook(idle: Idle, idleMaxMs: number, now: number): number {
  const every = lookEveryMs(idle, idleMaxMs, now)
  return Math.ceil((now + every / 4) / every) * every
}

/** When something comes next for a task that ended its slice as idle, epoch ms: its next slice, or the next look. */
export function nextWake(
  end: { readonly at: number; readonly idle: Idle | null },
  idleMaxMs: number,
  now: number,
): number {
  return end.idle === null || now < end.at ? end.at : nextLook(end.idle, idleMaxMs, now)
}
