/** `transaction.boundary=connector` (KIP-618) on a real broker: a source that ends its transactions itself. */
import { expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { ConfigError } from '../../../lib/connect/errors.ts'
import type { Polled, SourceConnector, TransactionContext } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import {
  around,
  type CountingOptions,
  counting,
  numbers,
  offsetsOfTopic,
  open,
  runAndDrain,
  texts,
  unique,
  useSurroundings,
} from './kit.ts'

useSurroundings()

type Ask = (transactions: TransactionContext, records: readonly ConnectRecord[]) => Partial<Polled> | undefined

/** Counts, and asks for the ends of transactions in each poll. */
function transacting(topic: string, options: CountingOptions, ask: Ask): SourceConnector {
  const declared = counting(topic, options)
  return {
    ...declared,
    definesTransactionBoundaries: () => true,
    async start(config, context, time) {
      const task = await declared.start(config, context, time)
      const { transactionContext } = context
      if (transactionContext === undefined) throw new Error('the source was given no transaction context')
      const poll: typeof task.poll = async (limit, left) => {
        const polled = await task.poll(limit, left)
        return { ...polled, ...ask(transactionContext, polled.records) }
      }
      return { ...task, poll }
    },
  }
}

const CONFIG = { 'transaction.boundary': 'connector' }
const numberOf = ({ value }: ConnectRecord) => Number(value)

test('transactions end with the records that the source names; an aborted one is passed over, and not read again', async () => {
  const topic = unique('boundaries')
  const name = unique('boundaries')
  const isAborted = (n: number) => Math.floor(n / 7) % 3 === 1
  const declaration = transacting(topic, { count: 105, batch: 10 }, (transactions, records) => {
    for (const record of records)
      if (numberOf(record) % 7 === 6) {
        if (isAborted(numberOf(record))) transactions.abortTransaction(record)
        else transactions.commitTransaction(record)
      }
    return undefined
  })
  await using source = await open(around, declaration, { exactlyOnce: true, config: CONFIG, name })
  expect(await runAndDrain(source.run)).toEqual({ kind: 'done' })
  expect(await texts(around, topic)).toEqual(numbers(0, 105).filter((text) => !isAborted(Number(text))))
  expect((await offsetsOfTopic(around, name)).all()).toEqual([
    { partition: { name: 'numbers' }, offset: { next: 105 } },
  ])
  const { progress } = source.run
  expect(progress).toMatchObject({ read: 105, written: 70, filtered: 35 })
  expect(progress.accounting).toMatchObject({ passed: 105, mismatch: null })
})

test('a transaction goes over polls, and what is open when the slice ends is read again by the next', async () => {
  const topic = unique('open')
  const name = unique('open')
  const commitAt = (last: number): Ask => {
    return (transactions, records) => {
      for (const record of records) if (numberOf(record) === last) transactions.commitTransaction(record)
      return undefined
    }
  }
  for (const last of [24, 39]) {
    const declaration = transacting(topic, { count: 40, batch: 10, idleMs: 10 }, commitAt(last))
    const offsets = await offsetsOfTopic(around, name)
    await using source = await open(around, declaration, {
      ...{ exactlyOnce: true, config: CONFIG, name, offsets, idleAfterMs: 50 },
    })
    // Idle would end a transaction that the source has not ended.
    expect(await runAndDrain(source.run, 1_500)).toMatchObject({ kind: last === 39 ? 'idle' : 'budget' })
    expect(await texts(around, topic)).toEqual(numbers(0, last + 1))
    expect(source.run.progress.accounting).toMatchObject({ passed: last === 39 ? 15 : 25, mismatch: null })
  }
})

test('a commit without a record ends the transaction after the batch, be it empty', async () => {
  const topic = unique('batches')
  const declaration = transacting(topic, { count: 20, batch: 10, idleMs: 10 }, (transactions, records) => {
    if (records.length === 0) transactions.commitTransaction()
    return undefined
  })
  await using source = await open(around, declaration, { exactlyOnce: true, config: CONFIG, idleAfterMs: 100 })
  using time = budget(20_000)
  expect(await source.run.run(time)).toMatchObject({ kind: 'idle' })
  expect(await texts(around, topic)).toEqual(numbers(0, 20))
  await source.run.drain(time)
})

test('a source that asks for both ends of one transaction fails by what it asked', async () => {
  const declaration = transacting(unique('both'), { count: 10 }, (transactions) => {
    transactions.commitTransaction()
    transactions.abortTransaction()
    return undefined
  })
  await using source = await open(around, declaration, { exactlyOnce: true, config: CONFIG })
  await expect(runAndDrain(source.run)).rejects.toThrow('Connector requested both commit and abort of same transaction')
})

test('a connector that has no boundaries of its own is refused with the setting', async () => {
  const opening = open(around, counting('t', { count: 1 }), { exactlyOnce: true, config: CONFIG })
  await expect(opening).rejects.toThrow(ConfigError)
  await expect(opening).rejects.toThrow(/transaction\.boundary: The connector does not support connector-defined/)
})
