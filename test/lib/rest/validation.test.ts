/** Validation of whole configs, as Connect 4.3 answers it. It needs neither Kafka nor a table. */
import { describe, expect, test } from 'vitest'
import { pluginRegistry } from '../../../lib/rest/plugin-registry.ts'
import type { ConfigInfo, ConfigInfos } from '../../../lib/rest/validation/config-infos.ts'
import { validateConfig } from '../../../lib/rest/validation/validate-config.ts'
import { worker } from '../../../lib/worker/settings.ts'

const deps = { registry: pluginRegistry, worker: worker({ 'group.id': 'connect-taken', 'penstock.files.allow': '*' }) }
const SOURCE = { name: 'n', 'connector.class': 'FileStreamSource', topic: 't', file: 'f' }
const SINK = { name: 'n', 'connector.class': 'FileStreamSink', topics: 't' }
const INSERT = 'org.apache.kafka.connect.transforms.InsertField$Value'

const validate = (config: Record<string, string | null>): Promise<ConfigInfos> => validateConfig(deps, config)

function errorsOf({ configs }: ConfigInfos): Record<string, readonly string[]> {
  const wrong = configs.filter(({ value }) => value.errors.length > 0)
  return Object.fromEntries(wrong.map(({ value }) => [value.name, value.errors]))
}

function of({ configs }: ConfigInfos, name: string): ConfigInfo {
  const found = configs.find(({ value }) => value.name === name)
  if (found === undefined) throw new Error(`${name} isn't in the answer`)
  return found
}

test("lists the runtime's settings, then the connector's", async () => {
  const { name, error_count, groups, configs } = await validate(SOURCE)
  expect({ name, error_count, groups }).toEqual({
    name: 'FileStreamSource',
    error_count: 0,
    groups: [
      'Common',
      'Transforms',
      'Predicates',
      'Error Handling',
      'Topic Creation',
      'Exactly Once Support',
      'offsets.topic',
    ],
  })
  expect(configs.map(({ value }) => value.name)).toEqual([
    'name',
    'connector.class',
    'connector.plugin.version',
    'tasks.max',
    'tasks.max.enforce',
    'key.converter',
    'key.converter.plugin.version',
    'value.converter',
    'value.converter.plugin.version',
    'header.converter',
    'header.converter.plugin.version',
    'transforms',
    'predicates',
    'config.action.reload',
    'errors.retry.timeout',
    'errors.retry.delay.max.ms',
    'errors.tolerance',
    'errors.log.enable',
    'errors.log.include.messages',
    'topic.creation.groups',
    'exactly.once.support',
    'transaction.boundary',
    'transaction.boundary.interval.ms',
    'offsets.storage.topic',
    'file',
    'topic',
    'batch.size',
  ])
  expect(of(await validate(SOURCE), 'tasks.max')).toEqual({
    definition: {
      name: 'tasks.max',
      type: 'INT',
      required: false,
      default_value: '1',
      importance: 'HIGH',
      documentation: expect.stringMatching(/./),
      group: 'Common',
      order_in_group: 4,
      width: 'SHORT',
      display_name: 'Tasks max',
      dependents: [],
    },
    value: { name: 'tasks.max', value: '1', recommended_values: [], errors: [], visible: true },
  })
})

describe('finds', () => {
  test.for<[what: string, config: Record<string, string | null>, errors: Record<string, readonly unknown[]>]>([
    ['a missing name', { 'connector.class': 'FileStreamSource', topic: 't' }, { name: [missing('name')] }],
    [
      'a blank name',
      { ...SOURCE, name: ' ' },
      { name: ['Invalid value  for configuration name: String may not be empty'] },
    ],
    [
      'a control character in the name',
      { ...SOURCE, name: 'a\tb' },
      {
        name: [
          'Invalid value a\tb for configuration name: String may not contain control sequences but had the following ASCII chars: 9',
        ],
      },
    ],
    [
      'no number of tasks',
      { ...SOURCE, 'tasks.max': '0' },
      { 'tasks.max': ['Invalid value 0 for configuration tasks.max: Value must be at least 1'] },
    ],
    [
      'an unknown converter',
      { ...SOURCE, 'key.converter': 'Nope' },
      { 'key.converter': ['Invalid value Nope for configuration key.converter: Class Nope could not be found.'] },
    ],
    [
      'a converter that is none',
      { ...SOURCE, 'value.converter': INSERT },
      { 'value.converter': [`Class class ${INSERT} does not implement the Converter interface`] },
    ],
    [
      "a converter's own setting",
      {
        ...SOURCE,
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'maybe',
      },
      {
        'value.converter.schemas.enable': [
          'Invalid value maybe for configuration schemas.enable: Expected value to be either true or false',
        ],
      },
    ],
    [
      'a transform without a type',
      { ...SOURCE, transforms: 'a' },
      { 'transforms.a.type': [missing('transforms.a.type')] },
    ],
    [
      'an unknown transform',
      { ...SOURCE, transforms: 'a', 'transforms.a.type': 'Nope' },
      {
        'transforms.a.type': ['Invalid value Nope for configuration transforms.a.type: Class Nope could not be found.'],
      },
    ],
    [
      'an alias given twice',
      { ...SOURCE, transforms: 'a,a', 'transforms.a.type': INSERT },
      { transforms: ['Invalid value [a, a] for configuration transforms: Duplicate alias provided.'] },
    ],
    [
      'wrong settings of a transform and a predicate',
      {
        ...SOURCE,
        transforms: 'a',
        'transforms.a.type': 'org.apache.kafka.connect.transforms.Filter',
        'transforms.a.predicate': 'p',
        'transforms.a.negate': 'perhaps',
        predicates: 'p',
        'predicates.p.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
        'predicates.p.pattern': '[',
      },
      {
        'transforms.a.negate': [
          'Invalid value perhaps for configuration transforms.a.negate: Expected value to be either true or false',
        ],
        'predicates.p.pattern': [expect.stringMatching(/^Invalid value \[ for configuration pattern: Invalid regex: /)],
      },
    ],
    [
      'null values',
      { ...SOURCE, name: null },
      { name: ['Null value can not be supplied as the configuration value.'] },
    ],
    [
      'a sink without topics',
      { ...SINK, topics: '' },
      {
        topics: ['Must configure one of topics or topics.regex'],
        'topics.regex': ['Must configure one of topics or topics.regex'],
      },
    ],
    [
      'topics given in both ways',
      { ...SINK, 'topics.regex': '.*' },
      {
        topics: ['topics and topics.regex are mutually exclusive options, but both are set.'],
        'topics.regex': ['topics and topics.regex are mutually exclusive options, but both are set.'],
      },
    ],
    [
      'dead letters that would be read again',
      { ...SINK, topics: 't,u', 'errors.deadletterqueue.topic.name': 'u' },
      {
        topics: [
          "The DLQ topic 'u' may not be included in the list of topics ('topics=[t, u]') consumed by the connector",
        ],
      },
    ],
    [
      "a sink whose group is the worker's",
      { ...SINK, name: 'taken' },
      {
        name: ['Consumer group for sink connector named taken conflicts with Connect worker group connect-taken'],
      },
    ],
    [
      'exactly-once where the connector has no offsets to go by',
      { 'connector.class': 'FileStreamSource', name: 'n', topic: 't', 'exactly.once.support': 'required' },
      {
        'exactly.once.support': [
          'The connector does not support exactly-once semantics with the provided configuration.',
        ],
      },
    ],
    [
      'transactions that the broker would abort',
      { ...SOURCE, 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '60001' },
      {
        'transaction.boundary.interval.ms': [
          'Transactions of 60001 ms would be aborted by the broker after transaction.timeout.ms=60000: set a shorter interval, or a longer producer.override.transaction.timeout.ms',
        ],
      },
    ],
    [
      'transactions that are as long as the broker is told to allow',
      {
        ...{ ...SOURCE, 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '60001' },
        'producer.override.transaction.timeout.ms': '90000',
      },
      {},
    ],
    [
      'offsets in the target of a sink that has no transactions',
      { 'connector.class': 'FileStreamSink', name: 'n', topics: 't', 'penstock.sink.exactly.once': 'true' },
      {
        'penstock.sink.exactly.once': [
          "org.apache.kafka.connect.file.FileStreamSinkConnector can't keep its offsets in its target: it writes at least once",
        ],
      },
    ],
    [
      'offsets in the target of a source',
      { ...SOURCE, 'penstock.sink.exactly.once': 'true' },
      {
        'penstock.sink.exactly.once': [
          'It is for sinks; of sources see exactly.once.support, which needs no setting of Penstock',
        ],
      },
    ],
    [
      "Penstock's own settings",
      { ...SOURCE, 'penstock.slice.ms': '1' },
      { 'penstock.slice.ms': ['Invalid value 1 for configuration penstock.slice.ms: Value must be at least 1000'] },
    ],
  ])('%s', async ([, config, errors]) => {
    const infos = await validate(config)
    expect(errorsOf(infos)).toEqual(errors)
    expect(infos.error_count).toBe(Object.values(errors).flat().length)
  })
})

function missing(name: string): string {
  return `Missing required configuration "${name}" which has no default value.`
}

test("a transform's settings stand under its alias, in their own group", async () => {
  const infos = await validate({ ...SOURCE, transforms: 'a', 'transforms.a.type': INSERT })
  expect(infos.groups).toContain('Transforms: a')
  const own = infos.configs.flatMap(({ definition }) => (definition?.group === 'Transforms: a' ? [definition] : []))
  expect(own.map(({ name, order_in_group }) => [name, order_in_group])).toEqual(
    [
      'type',
      'plugin.version',
      'negate',
      'offset.field',
      'partition.field',
      'predicate',
      'replace.null.with.default',
      'static.field',
      'static.value',
      'timestamp.field',
      'topic.field',
    ].map((name, place) => [`transforms.a.${name}`, place]),
  )
})

test('client overrides are shown as Kafka declares them, secrets hidden', async () => {
  const infos = await validate({
    ...SOURCE,
    'producer.override.acks': '1',
    'producer.override.ssl.key.password': 'hunter2',
    'producer.override.own.thing': 'x',
  })
  expect(of(infos, 'producer.override.acks').definition).toMatchObject({ type: 'STRING', default_value: 'all' })
  expect(of(infos, 'producer.override.own.thing').definition).toBeNull()
  expect(JSON.stringify(infos)).not.toContain('hunter2')
})

test('a connector that nobody knows is refused with the names of those that are known', async () => {
  await expect(validate({ 'connector.class': 'Nope' })).rejects.toThrow(
    /which name matches Nope, available connectors are: .*FileStreamSourceConnector/,
  )
  await expect(validate({ name: 'n' })).rejects.toThrow('Connector config {name=n} contains no connector type')
})

test("a transform's settings beyond Connect's are shown and checked where the config has them", async () => {
  const mask = {
    ...SINK,
    transforms: 'm',
    'transforms.m.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
    'transforms.m.fields': 'a.b',
  }
  const name = 'transforms.m.field.syntax.version'
  const listed = ({ configs }: ConfigInfos) => configs.map(({ value }) => value.name)
  expect(listed(await validate(mask))).not.toContain(name)
  const nested = await validate({ ...mask, [name]: 'V2' })
  expect(nested.error_count).toBe(0)
  expect(of(nested, name)).toMatchObject({ definition: { group: 'Transforms: m' }, value: { value: 'V2' } })
  expect(errorsOf(await validate({ ...mask, [name]: 'V3' }))[name]).toHaveLength(1)
})

describe('a version that is not there (KIP-891)', () => {
  const FILE_SOURCE = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
  const missing = (plugin: string, range: string) =>
    `Plugin ${plugin} not found that matches the version range ${range}, available versions: [4.3.1]`

  test.for([
    ['1.0', '[1.0,1.0]'],
    ['[5.0,6.0)', '[5.0,6.0)'],
    ['(4.3.1,)', '(4.3.1,)'],
    ['[1,2),[5,6]', '[1,2),[5,6]'],
    ['', '[,]'],
  ] as const)('of the connector: %s', async ([asked, range]) => {
    const infos = await validate({ ...SOURCE, 'connector.plugin.version': asked })
    const error = missing(FILE_SOURCE, range)
    expect(errorsOf(infos)).toEqual({ 'connector.class': [error], 'connector.plugin.version': [error] })
    expect(infos.groups).toEqual(['Common', 'Transforms', 'Predicates', 'Error Handling'])
  })

  test.for(['4.3.1', ' [4.3.1] ', 'latest', '[4.0,5.0)', '(,4.3.1]', '[1,2],[4,5]'])('%s is there', async (asked) => {
    expect((await validate({ ...SOURCE, 'connector.plugin.version': asked })).error_count).toBe(0)
  })

  test.for([
    ['[1', 'Unbounded range: [1'],
    ['[2,1]', 'Range defies version ordering: [2,1]'],
    ['(4.3.1)', 'Single version must be surrounded by []: (4.3.1)'],
  ] as const)('%s is no range', async ([asked, why]) => {
    await expect(validate({ ...SOURCE, 'connector.plugin.version': asked })).rejects.toThrow(why)
  })

  test('of a converter, a transform, a predicate', async () => {
    const converter = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'
    const nested = { transforms: 't', 'transforms.t.type': INSERT, 'transforms.t.plugin.version': '9' }
    const infos = await validate({
      ...SOURCE,
      ...nested,
      'header.converter': converter,
      'header.converter.plugin.version': '9',
    })
    expect(errorsOf(infos)).toEqual({
      'header.converter': [missing(converter, '[9,9]')],
      'header.converter.plugin.version': [missing(converter, '[9,9]')],
      'transforms.t.type': [missing(INSERT, '[9,9]')],
      'transforms.t.plugin.version': [missing(INSERT, '[9,9]')],
    })
  })
})

test.each([
  [
    { ...SINK, 'consumer.override.max.poll.records': 'x' },
    'consumer.override.max.poll.records: Not a number of type INT',
  ],
  [{ ...SOURCE, 'producer.override.batch.size': 'x' }, 'producer.override.batch.size: Not a number of type INT'],
  [{ ...SOURCE, 'admin.override.retries': 'x' }, 'admin.override.retries: Not a number of type INT'],
])('a client setting that is no value of its type is refused as a whole: %j', async (config, message) => {
  await expect(validate(config)).rejects.toThrow(`Invalid value x for configuration ${message}`)
})
