import { describe, expect, test } from 'vitest'
import { connectorSettings } from '../../../lib/worker/connector-settings.ts'
import { worker } from '../../../lib/worker/settings.ts'

const WORKER = worker({
  'group.id': 'g',
  'key.converter': 'JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'JsonConverter',
  'penstock.slice.ms': '60000',
})
const BASE = { name: 'n', 'connector.class': 'C' }
const settings = (more: Record<string, string>) => connectorSettings({ ...BASE, ...more }, WORKER)

describe('converters', () => {
  test("are the worker's, with its settings, where the connector names none", () => {
    expect(settings({ 'key.converter.schemas.enable': 'true' }).keyConverter).toEqual({
      class: 'JsonConverter',
      raw: { 'schemas.enable': 'false', 'converter.type': 'key' },
    })
  })

  test("are the connector's, with its settings alone, where it names one", () => {
    expect(settings({ 'key.converter': 'Other', 'key.converter.a': 'b' }).keyConverter).toEqual({
      class: 'Other',
      raw: { a: 'b', 'converter.type': 'key' },
    })
  })
})

describe('transforms', () => {
  const TRANSFORM = { transforms: 'a, b', 'transforms.a.type': 'A', 'transforms.a.x': '1', 'transforms.b.type': 'B' }

  test('come in order, each with its own settings', () => {
    expect(settings(TRANSFORM).transforms).toEqual([
      { alias: 'a', class: 'A', raw: { x: '1' }, predicate: null },
      { alias: 'b', class: 'B', raw: {}, predicate: null },
    ])
  })

  test('may be under a predicate', () => {
    const predicate = { 'transforms.a.predicate': 'p', 'transforms.a.negate': 'TRUE' }
    const [first] = settings({ ...TRANSFORM, ...predicate, 'predicates.p.type': 'P', 'predicates.p.y': '2' }).transforms
    expect(first?.predicate).toEqual({ alias: 'p', class: 'P', raw: { y: '2' }, negate: true })
    expect(() => settings({ ...TRANSFORM, ...predicate })).toThrow(/predicate 'p'.*predicates\.p\.type/)
  })

  test('need a type', () => {
    expect(() => settings({ transforms: 'a' })).toThrow('Missing required configuration "transforms.a.type"')
  })
})

test('dead letters are those of sinks, or of sources by our own settings', () => {
  expect(settings({}).errors).toMatchObject({ tolerate: false, deadLetters: null })
  const topic = { topic: 'd', replicationFactor: 3, contextHeaders: false }
  expect(settings({ 'errors.deadletterqueue.topic.name': 'd' }).errors.deadLetters).toEqual(topic)
  expect(settings({ 'penstock.errors.deadletterqueue.topic.name': 'd' }).errors.deadLetters).toEqual(topic)
})

test('clients get what is under their prefix', () => {
  const overrides = settings({ 'producer.override.acks': '1', 'consumer.override.x': 'y' })
  expect(overrides.producerOverrides).toEqual({ acks: '1' })
  expect(overrides.consumerOverrides).toEqual({ x: 'y' })
})

test("a connector's own pace wins over the worker's", () => {
  expect(settings({}).sliceMs).toBe(60_000)
  expect(settings({ 'penstock.slice.ms': '5000' }).sliceMs).toBe(5_000)
})

describe('topic creation', () => {
  test('is left to the broker where nothing is said of it', () => {
    expect(settings({}).topicCreation).toBeNull()
  })

  test('tries the groups in order; the default group is the last and gives what a group lacks', () => {
    const creation = settings({
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '-1',
      'topic.creation.groups': 'g',
      'topic.creation.g.include': 'a.*,b',
      'topic.creation.g.partitions': '1',
      'topic.creation.g.cleanup.policy': 'compact',
    }).topicCreation
    const common = { exclude: [], replicationFactor: -1 }
    expect(creation?.groups).toEqual([
      { ...common, name: 'g', include: ['a.*', 'b'], partitions: 1, configs: { 'cleanup.policy': 'compact' } },
      { ...common, name: 'default', include: ['.*'], partitions: 3, configs: {} },
    ])
  })

  test('names the setting that is missing or wrong', () => {
    expect(() => settings({ 'topic.creation.default.partitions': '1' })).toThrow(
      'Missing required configuration "topic.creation.default.replication.factor"',
    )
    const wrong = { 'topic.creation.default.partitions': '0', 'topic.creation.default.replication.factor': '1' }
    expect(() => settings(wrong)).toThrow(/topic\.creation\.default\.partitions: Number of partitions must be positive/)
  })
})
