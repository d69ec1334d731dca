/** The transform stage: each transform, or several that are joined, over the whole batch, one record after the other. */
import type { Budget } from '../connect/budget.ts'
import { DataError } from '../connect/errors.ts'
import type { OneToMany, Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { TransformStep } from './chain.ts'
import type { Tallies } from './counters.ts'
import type { ErrorPolicy } from './errors.ts'
import { joined } from './joined.ts'

/**
 * A batch on its way through the transforms. Beside each record is its original: what it was when it entered the
 * pipeline. Those that came of one original follow each other.
 */
interface Passing {
  records: ConnectRecord[]
  originals: ConnectRecord[]
  /** What goes on to the next step: its first `kept`. The same arrays for a step that never makes more of them. */
  out: ConnectRecord[]
  outOriginals: ConnectRecord[]
  kept: number
  error: unknown
}

/**
 * The records that go on, in order. Those that a transform filters are counted; those that fail go the way of the
 * error policy, which may throw, and take with them what else came of the same original. Without transforms the batch
 * itself is answered: look at `steps.length` before, a promise isn't needed then.
 */
export async function transform(
  batch: readonly ConnectRecord[],
  steps: readonly TransformStep[],
  errors: ErrorPolicy,
  tallies: Tallies,
  budget: Budget,
): Promise<readonly ConnectRecord[]> {
  const [records, originals] = [batch.slice(), batch.slice()]
  const passing: Passing = { records, originals, out: records, outOriginals: originals, kept: 0, error: null }
  for (const step of joined(steps)) {
    if (passing.records.length === 0) break
    await apply(step, passing, errors, tallies, budget)
  }
  return passing.records
}

async function apply(
  step: TransformStep,
  passing: Passing,
  errors: ErrorPolicy,
  tallies: Tallies,
  budget: Budget,
): Promise<void> {
  const { plugin } = step
  const { records, originals } = passing
  if (plugin.prepare !== undefined)
    await errors.lookUp('TRANSFORMATION', step.class, async () => plugin.prepare?.(records, budget), budget)
  const many = 'oneToMany' in plugin ? plugin : null
  passing.out = many === null ? records : []
  passing.outOriginals = many === null ? originals : []
  passing.kept = 0
  let attempt = 1
  let since = 0
  for (let at = 0; at < records.length; ) {
    const reached =
      many === null ? pass(step, plugin as Transform, passing, at, tallies) : passMany(step, many, passing, at, tallies)
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
      errors.reject({ stage: 'TRANSFORMATION', class: step.class, origin, record: original, error }, tallies)
      attempt = 1
      while (passing.kept > 0 && passing.outOriginals[passing.kept - 1] === original) passing.kept--
      while (originals[at] === original) at++
    }
  }
  passing.records = passing.out
  passing.originals = passing.outOriginals
  passing.records.length = passing.kept
  passing.originals.length = passing.kept
}

/** Applies the step from `at` on; answers the index of the record that failed, or the batch's length. */
function pass(step: TransformStep, plugin: Transform, passing: Passing, at: number, tallies: Tallies): number {
  const { records, originals } = passing
  const { predicate, when } = step
  const end = records.length
  let { kept } = passing
  let i = at
  try {
    for (; i < end; i++) {
      const record = records[i] as ConnectRecord
      const out = predicate === null || predicate.test(record) === when ? plugin.apply(record) : record
      if (out === null) {
        if (isLast(passing, i, kept)) tallies.filter(record.origin)
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

/** As `pass`, into other arrays: there may be more records than before. */
function passMany(step: TransformStep, plugin: OneToMany, passing: Passing, at: number, tallies: Tallies): number {
  const { records, originals, out, outOriginals } = passing
  const { predicate, when } = step
  const end = records.length
  let { kept } = passing
  let i = at
  try {
    for (; i < end; i++) {
      const record = records[i] as ConnectRecord
      const original = originals[i] as ConnectRecord
      const answer = predicate === null || predicate.test(record) === when ? plugin.apply(record) : record
      if (answer === null || (isSeveral(answer) && answer.length === 0)) {
        if (isLast(passing, i, kept)) tallies.filter(record.origin)
      } else if (isSeveral(answer)) {
        if (answer.some(({ origin }) => origin !== record.origin))
          throw new DataError(`${step.class} gave a record another origin: its offset could not be committed`)
        for (const one of answer) {
          out[kept] = one
          outOriginals[kept] = original
          kept++
        }
      } else {
        out[kept] = answer
        outOriginals[kept] = original
        kept++
      }
    }
  } catch (error) {
    passing.error = error
  }
  passing.kept = kept
  return i
}

export function isSeveral(answer: ReturnType<OneToMany['apply']>): answer is readonly ConnectRecord[] {
  return Array.isArray(answer)
}

/** Whether nothing is left of an original where its record at `i` is dropped: neither before it nor to come. */
function isLast({ originals, outOriginals }: Passing, i: number, kept: number): boolean {
  const original = originals[i]
  return originals[i + 1] !== original && (kept === 0 || outOriginals[kept - 1] !== original)
}
