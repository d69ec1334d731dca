import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { jsonText } from '../../../lib/converters/record-text.ts'
import { type JsonNode, readJson } from '../../../lib/java/json-text.ts'
import { difference, differences } from '../../../lib/preview/compare.ts'
import { openPreview, type Previewed, preview } from '../../../lib/preview/preview.ts'
import { sampleOf, sampleOfLine } from '../../../lib/preview/sample.ts'

const STRINGS = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'header.converter': 'org.apache.kafka.connect.storage.StringConverter',
}
const SINK = { 'connector.class': 'FileStreamSink', topics: 'lines' }
const SOURCE = { 'connector.class': 'FileStreamSource', file: '/dev/null', topic: 'lines' }
const DROP_TOMBSTONES = {
  transforms: 'drop',
  'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
  'transforms.drop.predicate': 'tombstone',
  predicates: 'tombstone',
  'predicates.tombstone.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
}

/** As they come out of the command. */
async function lines(config: RawConfig, given: readonly string[], stages = false): Promise<unknown[]> {
  const answers = await preview(config, given.map(sampleOfLine), { stages })
  return answers.map((one: Previewed) => JSON.parse(jsonText(one)) as unknown)
}

describe('the JVM answers the same:', () => {
  test.each(['chains.jsonl', 'Cast.jsonl', 'InsertField.jsonl', 'predicates.jsonl'])('%s', async (file) => {
    const text = readFileSync(join(import.meta.dirname, '../../golden', file), 'utf8')
    let compared = 0
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const one = readJson(line) as Record<string, JsonNode>
      const stage = (one['expected'] as { error?: { stage: string } }).error?.stage ?? 'apply'
      if (one['kind'] !== 'transform' || stage !== 'apply') continue
      const [got = null] = await preview(configOf(one), [sampleOf(one['record'] ?? null)])
      expect(
        difference(one['expected'] ?? null, got, one['unordered'] === true),
        `${one['id']}: ${jsonText(got)}`,
      ).toBe(undefined)
      compared++
    }
    expect(compared).toBeGreaterThan(5)
  })
})

/** A connector with the case's chain; StringConverter writes everything. */
function configOf(one: Record<string, JsonNode>): RawConfig {
  const chain = one['chain'] as unknown as { alias: string; config: RawConfig; predicate?: string; negate?: string }[]
  const predicates = (one['predicates'] ?? {}) as unknown as Record<string, RawConfig>
  const isSink = (one['record'] as { kind?: string }).kind === 'sink'
  const config: Record<string, string | null | undefined> = { ...(isSink ? SINK : SOURCE), ...STRINGS }
  config['transforms'] = chain.map(({ alias }) => alias).join(',')
  for (const { alias, config: own, predicate, negate } of chain)
    for (const [key, value] of Object.entries({ ...own, predicate, negate }))
      if (value !== undefined && value !== null) config[`transforms.${alias}.${key}`] = String(value)
  for (const [name, own] of Object.entries(predicates))
    for (const [key, value] of Object.entries(own)) config[`predicates.${name}.${key}`] = value
  return config
}

test("a sink's value converter reads texts, each line at its offset", async () => {
  const [first, second] = await lines(SINK, ['{"id":9007199254740993}', '[1.0]'])
  expect(first).toEqual({
    record: {
      kind: 'sink',
      topic: 'lines',
      partition: 0,
      key: null,
      value: { schema: null, payload: expect.objectContaining({}) },
      headers: [],
      timestamp: null,
      offset: 0,
      timestampType: 'CreateTime',
    },
  })
  expect(second).toMatchObject({ record: { value: { payload: [1.0] }, offset: 1 } })
  const [exact = null] = await preview(SINK, [sampleOfLine('{"id":9007199254740993,"price":2.0}')])
  expect(jsonText(exact)).toContain('"payload":{"id":9007199254740993,"price":2.0}')
})

test('offsets go on with the next samples', async () => {
  const opened = await openPreview(SINK)
  await opened.run([sampleOfLine('1'), sampleOfLine('2')])
  expect(await opened.run([sampleOfLine('3')])).toMatchObject([{ record: { offset: 2 } }])
})

test("a source's text is its value as a string, and its stages end with what Kafka gets", async () => {
  expect(await lines({ ...SOURCE, ...STRINGS }, ['{"id":1}'], true)).toMatchObject([
    {
      record: { topic: 'lines', value: { schema: { type: 'string' }, payload: '{"id":1}' } },
      stages: [{ stage: 'converter', payload: { topic: 'lines', key: null, value: '{"id":1}', headers: [] } }],
    },
  ])
})

test('what a converter refuses to write is an error of the record', async () => {
  const bytes = { ...SOURCE, 'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter' }
  expect(await lines(bytes, ['text', '{"topic":"t","value":null}'])).toMatchObject([
    { error: { class: 'org.apache.kafka.connect.errors.DataException', stage: 'apply', at: 'value.converter' } },
    { record: { topic: 't', value: null } },
  ])
})

test('stages show each record on its way, to where it is dropped or fails', async () => {
  const chain = {
    ...SINK,
    ...DROP_TOMBSTONES,
    transforms: 'drop,number',
    'transforms.number.type': 'org.apache.kafka.connect.transforms.Cast$Value',
    'transforms.number.spec': 'int32',
  }
  const tombstone = '{"kind":"sink","topic":"lines","key":null,"value":null}'
  expect(await lines(chain, ['"7"', tombstone, '"x"'], true)).toMatchObject([
    {
      record: { value: { payload: { '@type': 'int32', '@value': 7 } } },
      stages: [{ stage: 'converter' }, { stage: 'drop' }, { stage: 'number' }],
    },
    { record: null, stages: [{ stage: 'drop', record: null }] },
    { error: { at: 'transforms.number', message: expect.stringContaining('x') }, stages: [{}, {}] },
  ])
})

test('a converter that cannot read says what the bytes look like', async () => {
  expect(await lines({ ...SINK, 'value.converter.schemas.enable': 'true' }, ['hello'])).toMatchObject([
    { error: { at: 'value.converter', cause: expect.stringMatching(/character 1/), hint: 'plain text' } },
  ])
  const converter = { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' }
  expect(await lines({ ...SINK, ...converter }, ['{"id":1}'])).toMatchObject([
    { error: { message: expect.stringContaining('schemas.enable'), hint: 'JSON without the schema envelope' } },
  ])
})

test('a record whose payload cannot be is an error of that record alone', async () => {
  const wrong = '{"topic":"t","value":{"schema":{"type":"nonsense"},"payload":1}}'
  expect(await lines(SOURCE, [wrong, '{"topic":"t","key":null}'])).toMatchObject([
    { error: { class: 'org.apache.kafka.connect.errors.DataException', at: 'record' } },
    { record: { topic: 't' } },
  ])
})

test('what is like a record and has other members is a value', async () => {
  expect(await lines(SINK, ['{"topic":"t","value":{"id":1}}', '{"topic":"t"}'])).toMatchObject([
    { record: { topic: 'lines', value: { payload: { topic: 't', value: { id: 1 } } } } },
    { record: { topic: 'lines', value: { payload: { topic: 't' } } } },
  ])
})

test.each<[RawConfig, string]>([
  [{ topics: 'a' }, 'connector.class'],
  [{ ...SINK, 'value.converter': 'Nonsense' }, 'Nonsense'],
  [{ ...SINK, transforms: 'cast', 'transforms.cast.type': 'org.apache.kafka.connect.transforms.Cast$Value' }, 'spec'],
  [{ ...SINK, ...DROP_TOMBSTONES, 'predicates.tombstone.type': null }, 'predicates.tombstone.type'],
])('a config that cannot be is told before any record: %j', async (config, message) => {
  await expect(preview(config, [sampleOfLine('1')])).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringContaining(message),
  })
})

const EXPLODE = {
  transforms: 'each,where',
  'transforms.each.type': 'penstock.transforms.Explode$Value',
  'transforms.each.field': 'items',
  'transforms.where.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
  'transforms.where.topic.field': 'topic',
}

test('several records of one are shown as such, at each stage and as payloads', async () => {
  const config = { ...SINK, ...EXPLODE }
  const given = ['[1,2]', '[1]', '[]'].map((items) => `{"items":${items}}`)
  const [several, one, none] = await lines(config, given)
  const payload = (items: number) => ({ value: { schema: null, payload: { items, topic: 'lines' } } })
  expect(several).toMatchObject({ records: [payload(1), payload(2)] })
  expect(one).toMatchObject({ record: payload(1) })
  expect(none).toEqual({ record: null })
  const fromScript = { ...SOURCE, ...STRINGS, transforms: 's', 'transforms.s.type': 'penstock.transforms.Script' }
  const script = join(import.meta.dirname, '../transforms/twice-script.mts')
  const [staged] = await lines({ ...fromScript, 'transforms.s.script.file': script }, ['x'], true)
  expect(staged).toMatchObject({
    stages: [
      { stage: 's', records: [{ topic: 'lines' }, { topic: 'audit' }] },
      {
        stage: 'converter',
        payloads: [
          { topic: 'lines', value: 'x' },
          { topic: 'audit', value: 'x' },
        ],
      },
    ],
  })
})

test('one of several that fails is the failure of the record', async () => {
  const config = {
    ...SINK,
    ...EXPLODE,
    'transforms.where.type': 'org.apache.kafka.connect.transforms.ExtractField$Value',
    'transforms.where.field': 'id',
    transforms: 'each,inner,where',
    'transforms.inner.type': 'org.apache.kafka.connect.transforms.ExtractField$Value',
    'transforms.inner.field': 'items',
  }
  const [answer] = await preview(config, [sampleOfLine('{"items":[{"id":1},7]}')])
  expect(answer).toMatchObject({ error: { at: 'transforms.where' } })
})

test('what a transform logs of a record stands beside its answer', async () => {
  const config = {
    ...SINK,
    transforms: 't',
    'transforms.t.type': 'io.confluent.connect.transforms.TombstoneHandler',
  }
  const [dropped, kept] = await preview(config, [
    sampleOf({ kind: 'sink', topic: 'lines', key: null, value: null }),
    sampleOfLine('{"id":1}'),
  ])
  expect(dropped).toEqual({
    record: null,
    log: [{ level: 'warn', message: 'A record of topic lines is a tombstone, and TombstoneHandler drops it' }],
  })
  expect(kept).not.toHaveProperty('log')
})

test('a test case expects several records, one as itself', () => {
  expect(differences({ records: [{ a: 1 }] }, { record: { a: 1 } })).toEqual([])
  expect(differences({ record: null }, { records: [] })).toEqual([])
  expect(differences({ records: [{ a: 1 }, { a: 2 }] }, { records: [{ a: 1 }, { a: 3 }] })).toEqual([
    'records[1].a: expected 2, got 3',
  ])
  expect(differences({ record: { a: 1 } }, { records: [{ a: 1 }, { a: 2 }] })).toHaveLength(1)
})
