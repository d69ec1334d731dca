import { expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { type ConverterPlugin, converter, plugin } from '../../../lib/connect/plugin.ts'
import { ConnectRecord, NO_HEADERS } from '../../../lib/connect/record.ts'
import { string } from '../../../lib/connect/settings.ts'
import { buildChain, type PluginSource } from '../../../lib/pipeline/chain.ts'
import { Counters, SingleTally } from '../../../lib/pipeline/counters.ts'
import { ErrorPolicy } from '../../../lib/pipeline/errors.ts'
import { transform } from '../../../lib/pipeline/transform.ts'
import { connectorSettings } from '../../../lib/worker/connector-settings.ts'
import { worker } from '../../../lib/worker/settings.ts'
import { keptLog } from './kit.ts'

/** Answers the name it was found by, and its setting. */
const told = (name: string): ConverterPlugin =>
  converter({
    class: name,
    version: '1',
    doc: '',
    settings: { text: string({ doc: '', default: 'none' }) },
    create: ({ text }, isKey) => ({
      toConnect: () => ({ schema: null, value: null }),
      fromConnect: () => `${name} ${text} ${isKey ? 'key' : 'value'}`,
    }),
    createHeader: ({ text }) => ({
      toConnectHeader: () => ({ schema: null, value: null }),
      fromConnectHeader: () => `${name} ${text} header`,
    }),
  })

const appended = plugin<
  { apply(record: ConnectRecord): ConnectRecord | null },
  Record<'text', ReturnType<typeof string<string>>>
>({
  class: 'Append',
  version: '1',
  doc: '',
  settings: { text: string({ doc: '' }) },
  create: ({ text }) => ({ apply: (record) => record.withValue(null, `${record.value}${text}`) }),
})

const isOdd = plugin({
  class: 'IsOdd',
  version: '1',
  doc: '',
  settings: {},
  create: () => ({ test: (record: ConnectRecord) => Number(String(record.value)[0]) % 2 === 1 }),
})

const PLUGINS: PluginSource = {
  converter: (name) => Promise.resolve(told(name)),
  headerConverter: (name) => Promise.resolve(told(name)),
  transform: (name) => (name === 'Append' ? Promise.resolve(appended) : Promise.reject(new ConfigError(`no ${name}`))),
  predicate: () => Promise.resolve(isOdd),
}

const WORKER = worker({
  'key.converter': 'WK',
  'key.converter.text': 'w',
  'value.converter': 'WV',
  'value.converter.text': 'w',
  'header.converter': 'WH',
})
const chainOf = async (config: Record<string, string>) =>
  buildChain(connectorSettings({ name: 'c', 'connector.class': 'C', ...config }, WORKER), PLUGINS, keptLog())

test("converters are the connector's with its own settings, or the worker's with the worker's", async () => {
  const chain = await chainOf({ 'value.converter': 'CV', 'value.converter.text': 'c', 'key.converter.text': 'ignored' })
  expect(chain.key.plugin.fromConnect('t', null, null, [])).toBe('WK w key')
  expect(chain.value.plugin.fromConnect('t', null, null, [])).toBe('CV c value')
  expect(chain.header.plugin.fromConnectHeader('t', 'h', null, null)).toBe('WH none header')
})

const values = (chain: Awaited<ReturnType<typeof chainOf>>, texts: readonly string[]) => {
  const log = keptLog()
  const counters = new Counters(log)
  const settings = {
    retryTimeoutMs: 0,
    retryDelayMaxMs: 0,
    tolerate: false,
    log: false,
    logRecords: false,
    deadLetters: null,
  }
  const errors = new ErrorPolicy('c-0', settings, counters, log)
  const origin = { kind: 'source', partition: {}, offset: {} } as const
  const records = texts.map((text) => new ConnectRecord('t', null, null, null, null, text, null, NO_HEADERS, origin))
  using time = budget(1_000)
  return transform(records, chain.transforms, errors, new SingleTally(), time).then((out) =>
    out.map(({ value }) => value),
  )
}

test('transforms run in the order of their aliases, each where its predicate says', async () => {
  const config = {
    transforms: 'b,a,c',
    'transforms.a.type': 'Append',
    'transforms.a.text': 'a',
    'transforms.b.type': 'Append',
    'transforms.b.text': 'b',
    'transforms.b.predicate': 'odd',
    'transforms.c.type': 'Append',
    'transforms.c.text': 'c',
    'transforms.c.predicate': 'odd',
    'transforms.c.negate': 'true',
    predicates: 'odd',
    'predicates.odd.type': 'IsOdd',
  }
  expect(await values(await chainOf(config), ['1', '2', '3'])).toEqual(['1ba', '2ac', '3ba'])
})

test('a transform that is not there or not set right is told by its settings', async () => {
  await expect(chainOf({ transforms: 'x', 'transforms.x.type': 'Nothing' })).rejects.toThrow('no Nothing')
  await expect(chainOf({ transforms: 'x', 'transforms.x.type': 'Append' })).rejects.toThrow(
    /^Missing required configuration "transforms\.x\.text"/,
  )
  await expect(chainOf({ transforms: 'x' })).rejects.toThrow('transforms.x.type')
})

test('the text of a failure names stage, plugin and record', async () => {
  const chain = await chainOf({ transforms: 'x', 'transforms.x.type': 'Append', 'transforms.x.text': '' })
  const [step] = chain.transforms
  const failing = { ...chain, transforms: [{ ...step, plugin: { apply: () => fail() } }] } as typeof chain
  await expect(values(failing, ['1'])).rejects.toThrow(
    'Tolerance exceeded in error handler: TRANSFORMATION by Append failed for the record of source partition {}, offset {}: no',
  )
})

function fail(): never {
  throw new DataError('no')
}
