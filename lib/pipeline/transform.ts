/** The transform stage: each transform over the whole batch, one record after the other. */
import type { Budget } from '../connect/budget.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { TransformStep } from './chain.ts'
import type { Tallies } from './counters.ts'
import type { ErrorPolicy } from './errors.ts'

/** A batch on its way through the transforms: the first `kept` of both arrays have passed the current one. */
interface Passing {
  readonly records: ConnectRecord[]
  /** What the records were when they entered the pipeline. */
  readonly originals: ConnectRecord[]
  kept: number
  error: unknown
}

/**
 * The records that go on, in order. Those that a transform filters are counted; those that fail go the way of the
 * error policy, which may throw. Without transforms the batch itself is answered: look at `steps.length` before, a
 * promise isn't needed then.
 */
export async function transform(
  batch: readonly ConnectRecord[],
  steps: readonly TransformStep[],
  errors: ErrorPolicy,
  tallies: Tallies,
  budget: Budget,
): Promise<readonly ConnectRecord[]> {
  const passing: Passing = { records: batch.slice(), originals: batch.slice(), kept: 0, error: null }
  const { records, originals } = passing
  for (const step of steps) {
    if (records.length === 0) break
    const { plugin } = step
    if (plugin.prepare !== undefined)
      await errors.lookUp('TRANSFORMATION', step.class, async () => plugin.prepare?.(records, budget), budget)
    passing.kept = 0
    let attempt = 1
    let since = 0
    for (let at = 0; at < records.length; ) {
      const reached = pass(step, passing, at, tallies)
      if (reached > at || attempt === 1) {
        attempt = 1
        since = Date.now()
      }
      at = reached
      const original = originals[at]
      if (original === undefined) break
      if (await errors.again(passing.error, attempt, since, budget)) attempt++
      else {
        const { error } = passing
        const { origin } = original
        errors.reject(
          { stage: 'TRANSFORMATION', class: step.class, origin, record: original, error },
          tallies.of(origin),
        )
        attempt = 1
        at++
      }
    }
    records.length = passing.kept
    originals.length = passing.kept
  }
  return records
}

/** Applies the step from `at` on; answers the index of the record that failed, or the batch's length. */
function pass(step: TransformStep, passing: Passing, at: number, tallies: Tallies): number {
  const { records, originals } = passing
  const { plugin, predicate, when } = step
  const end = records.length
  let { kept } = passing
  let i = at
  try {
    for (; i < end; i++) {
      const record = records[i] as ConnectRecord
      const out = predicate === null || predicate.test(record) === when ? plugin.apply(record) : record
      if (out === null) {
        tallies.of(record.origin).filtered++
        continue
      }
      records[kept] = out
      originals[kept] = originals[i] as ConnectRecord
      kept++
    }
  } catch (error) {
    passing.error = error
  }
  passing.kept = kept
  return i
}
