import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConnectRecord, NO_HEADERS } from '../../../lib/connect/record.ts'
import { SingleTally } from '../../../lib/pipeline/counters.ts'
import { lastOffsets, SourceProgress } from '../../../lib/pipeline/source-progress.ts'

const record = (name: string, next: number, partition = { name }) =>
  new ConnectRecord('t', null, null, null, null, null, null, NO_HEADERS, {
    kind: 'source',
    partition,
    offset: { next },
  })

test('a batch answers the last offset of each source partition', () => {
  const shared = { name: 'a' }
  const records = [record('a', 1, shared), record('b', 7), record('a', 2, shared), record('b', 8), record('a', 3)]
  expect(lastOffsets(records)).toEqual([
    { partition: { name: 'a' }, offset: { next: 3 } },
    { partition: { name: 'b' }, offset: { next: 8 } },
  ])
  expect(lastOffsets([])).toEqual([])
})

test('offsets are handed out once everything before them is acknowledged, each of them once', () => {
  const batches = fc.array(fc.record({ appended: fc.nat(5), name: fc.constantFrom('a', 'b') }), { maxLength: 40 })
  fc.assert(
    fc.property(batches, fc.array(fc.nat(8)), (sent, acks) => {
      const progress = new SourceProgress()
      const ends: { position: number; index: number }[] = []
      let position = 0
      for (const [index, { appended, name }] of sent.entries()) {
        position += appended
        const tally = new SingleTally()
        const offsets = [{ partition: { name }, offset: { index } }]
        progress.add(position, appended, { records: [], tally, offsets, ending: null })
        ends.push({ position, index })
      }
      let acknowledged = 0
      let taken = 0
      for (const ack of [...acks, position]) {
        acknowledged = Math.min(position, acknowledged + ack)
        progress.settle(acknowledged)
        const { offsets, tallies } = progress.take()
        taken += tallies.length
        const ended = ends.filter((end) => end.position <= acknowledged).length
        expect(taken).toBe(ended)
        for (const { offset } of offsets) expect(Number(offset['index'])).toBeLessThan(ended)
      }
      expect(taken).toBe(sent.length)
    }),
  )
})
