import fc from 'fast-check'
import { expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { configure, type OneToMany, type Predicate, type Transform } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord, SinkOrigin } from '../../../lib/connect/record.ts'
import { jsonText, recordToJson } from '../../../lib/converters/record-text.ts'
import type { TransformStep } from '../../../lib/pipeline/chain.ts'
import { Counters, SingleTally } from '../../../lib/pipeline/counters.ts'
import { ErrorPolicy } from '../../../lib/pipeline/errors.ts'
import { transform } from '../../../lib/pipeline/transform.ts'
import { find, plugins } from '../../../lib/registry.ts'
import { recordFrom } from '../../contract/any-record.ts'
import { madeOf, NO_LOG } from '../../contract/transform.ts'
import { shortName, TRANSFORM_CONFIGS } from '../../contract/transform-configs.ts'

const TOLERANT = {
  retryTimeoutMs: 0,
  retryDelayMaxMs: 0,
  tolerate: true,
  log: false,
  logRecords: false,
  deadLetters: null,
}

const hasHeaders: Predicate = { test: (record) => record.headers.length > 0 }

/** Every transform with each of its configs, with a predicate and without. */
async function allSteps(): Promise<TransformStep[]> {
  const steps: TransformStep[] = []
  for (const { class: name, kind } of plugins()) {
    if (kind !== 'transformation') continue
    for (const raw of TRANSFORM_CONFIGS[shortName(name)] ?? []) {
      const plugin: Transform | OneToMany = configure(await find('transformation', name), raw, NO_LOG)
      for (const predicate of [null, hasHeaders]) steps.push({ class: name, plugin, predicate, when: true })
    }
  }
  return steps
}

/** What comes of one record by itself; nothing where it fails. */
function alone(record: ConnectRecord, steps: readonly TransformStep[]): readonly ConnectRecord[] {
  try {
    return steps.reduce<readonly ConnectRecord[]>(
      (records, { plugin, predicate, when }) =>
        records.flatMap((one) =>
          predicate === null || predicate.test(one) === when ? madeOf(plugin.apply(one)) : [one],
        ),
      [record],
    )
  } catch {
    return []
  }
}

test('any chain makes of a batch what it makes of each record, in their order, and counts each once', async () => {
  const steps = await allSteps()
  const originAt = (offset: number): SinkOrigin => ({
    kind: 'sink',
    topic: 't',
    partition: 0,
    offset,
    timestampType: 'CreateTime',
  })
  const batches = fc
    .nat(12)
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, i) => recordFrom(originAt(i)))))
  const chains = fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 5 })
  using time = budget(60_000)
  await fc.assert(
    fc.asyncProperty(batches, chains, async (batch: readonly ConnectRecord[], chain) => {
      const tally = new SingleTally()
      tally.read = batch.length
      const errors = new ErrorPolicy('c-0', TOLERANT, new Counters(NO_LOG), NO_LOG)
      const out = await transform(batch, chain, errors, tally, time)
      expect(out.map(recordToJson)).toEqual(batch.flatMap((record) => alone(record, chain)).map(recordToJson))
      const offsets = out.map(({ origin }) => (origin as SinkOrigin).offset)
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
      expect(tally.inFlight).toBe(new Set(offsets).size)
    }),
    { numRuns: 400 },
  )
})

test('what neighbours do together is what they do one by one, errors included', async () => {
  const steps = (await allSteps()).filter(({ plugin, predicate }) => predicate === null && 'join' in plugin)
  const origin: SinkOrigin = { kind: 'sink', topic: 't', partition: 0, offset: 0, timestampType: 'CreateTime' }
  const oneByOne = (record: ConnectRecord, chain: readonly TransformStep[]): string => {
    let [current, at] = [record, '']
    try {
      for (const step of chain) {
        at = step.class
        current = step.plugin.apply(current) as ConnectRecord
      }
      return outcomeText(current)
    } catch (error) {
      const where = `TRANSFORMATION by ${at} failed for the record at topic t, partition 0, offset 0`
      return `Tolerance exceeded in error handler: ${where}: ${(error as Error).message}`
    }
  }
  using time = budget(60_000)
  const chains = fc.array(fc.constantFrom(...steps), { minLength: 2, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(recordFrom(origin), chains, async (record, chain) => {
      const before = outcomeText(record)
      const errors = new ErrorPolicy('c-0', { ...TOLERANT, tolerate: false }, new Counters(NO_LOG), NO_LOG)
      const together = await transform([record], chain, errors, new SingleTally(), time).then(
        ([out]) => outcomeText(out as ConnectRecord),
        (error: Error) => error.message,
      )
      expect(together).toBe(oneByOne(record, chain))
      expect(outcomeText(record)).toBe(before)
    }),
    { numRuns: 600 },
  )
})

function outcomeText(record: ConnectRecord): string {
  return jsonText(recordToJson(record))
}
