/** GET, PATCH and DELETE /connectors/NAME/offsets (KIP-875), on a real Kafka. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { commit, committed } from '../../../lib/kafka/groups.ts'
import { isReset } from '../../../lib/worker/sink-positions.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest[Symbol.asyncDispose]())

const stopped = (name: string, config: Record<string, string>) =>
  rest.request('POST', '/connectors', { name, config, initial_state: 'STOPPED' })
const offsets = async (name: string) => (await rest.request('GET', `/connectors/${name}/offsets`)).body
const patch = (name: string, changes: unknown) =>
  rest.request('PATCH', `/connectors/${name}/offsets`, typeof changes === 'string' ? changes : { offsets: changes })
const refusal = (message: string | RegExp) => ({
  status: 400,
  body: { error_code: 400, message: typeof message === 'string' ? message : expect.stringMatching(message) },
})
const ALTERED = { status: 200, body: { message: 'The offsets for this connector have been altered successfully' } }
const RESET = { status: 200, body: { message: 'The offsets for this connector have been reset successfully' } }
const MUST_STOP = /^Connectors must be in the STOPPED state before their offsets can be modified/

describe('of a source', () => {
  const file = (filename: unknown) => ({ filename })

  beforeAll(async () => {
    await stopped('lines', { 'connector.class': 'FileStreamSource', topic: 't', file: '/tmp/none' })
  })

  test('are set, taken away one by one, and all at once', async () => {
    const [f, g] = [file('f'), file('g')]
    expect(await offsets('lines')).toEqual({ offsets: [] })
    expect(
      await patch('lines', [
        { partition: f, offset: { position: 3 } },
        { partition: g, offset: { position: 1 } },
        { partition: f, offset: { position: 4 } },
      ]),
    ).toMatchObject(ALTERED)
    expect(await offsets('lines')).toEqual({
      offsets: [
        { partition: f, offset: { position: 4 } },
        { partition: g, offset: { position: 1 } },
      ],
    })
    expect(await patch('lines', [{ partition: f, offset: null }, { partition: null }])).toMatchObject(ALTERED)
    expect(await offsets('lines')).toEqual({ offsets: [{ partition: g, offset: { position: 1 } }] })
    for (let time = 0; time < 2; time++)
      expect(await rest.request('DELETE', '/connectors/lines/offsets')).toMatchObject(RESET)
    expect(await offsets('lines')).toEqual({ offsets: [] })
  })

  test('keep all digits of their numbers', async () => {
    const change = '{"partition":{"filename":"f"},"offset":{"position":9007199254740993,"d":1.0}}'
    expect(await patch('lines', `{"offsets":[${change}]}`)).toMatchObject(ALTERED)
    const response = await rest.app.fetch(new Request('http://localhost/connectors/lines/offsets'))
    expect(await response.text()).toBe(`{"offsets":[${change}]}`)
  })

  test.for([
    ['', /not JSON: it is empty/],
    ['{"offsets":5}', /^offsets must be an array/],
    ['{"offsets":[null]}', /must hold objects/],
    ['{"offsets":[{"partition":"f"}]}', 'partition must be an object, or null'],
    ['{"offsets":[{"partition":{},"x":1}]}', /^Unrecognized field "x"/],
    ['{"bogus":[]}', /^Unrecognized field "bogus"/],
    ['{"offsets":[]}', 'Partitions / offsets need to be provided for an alter offsets request'],
    ['{}', 'Partitions / offsets need to be provided for an alter offsets request'],
    ['{"offsets":[{"partition":{"filename":"f"},"offset":{"position":-1}}]}', /should be a non-negative value$/],
    ['{"offsets":[{"offset":{"position":1}}]}', 'Partition objects cannot be null'],
    [
      '{"offsets":[{"partition":{"filename":["f"]},"offset":{"position":1}}]}',
      'Offsets may only contain primitive types as values, but field filename contains ARRAY',
    ],
  ] as const)('%s is refused', async ([body, message]) => {
    expect(await patch('lines', body)).toMatchObject(refusal(message))
  })

  test('of standard input there are none to change', async () => {
    await stopped('stdin', { 'connector.class': 'FileStreamSource', topic: 't' })
    expect(await rest.request('DELETE', '/connectors/stdin/offsets')).toMatchObject(refusal(/stdin is used for input/))
  })

  test('are only changed of a stopped connector that is there', async () => {
    const change = [{ partition: file('f'), offset: { position: 1 } }]
    expect(await patch('nobody', change)).toMatchObject({
      status: 404,
      body: { message: 'Connector nobody not found' },
    })
    expect((await rest.request('DELETE', '/connectors/nobody/offsets')).status).toBe(404)
    expect((await rest.request('GET', '/connectors/nobody/offsets')).status).toBe(404)
    await rest.request('PUT', '/connectors/lines/pause')
    expect(await patch('lines', change)).toMatchObject(refusal(MUST_STOP))
    expect(await rest.request('DELETE', '/connectors/lines/offsets')).toMatchObject(refusal(MUST_STOP))
  })

  test('wait until the last slice has ended', async () => {
    await rest.request('PUT', '/connectors/lines/stop')
    const { leases } = rest.state
    const now = Date.now()
    await leases.invite('lines', 0, { after: null, epoch: 1, generation: 1, invitedAt: now, restarts: 0 })
    const lease = await leases.claim('lines', 0, { epoch: 1, owner: 'r/1', deadline: now + 60_000, plannedEnd: now })
    let answered = false
    const asked = rest.request('DELETE', '/connectors/lines/offsets').finally(() => {
      answered = true
    })
    await offsets('lines')
    expect(answered).toBe(false)
    const { progress } = lease ?? { progress: null }
    if (progress === null) throw new Error('not claimed')
    await leases.seal('lines', 0, {
      epoch: 1,
      owner: 'r/1',
      end: { kind: 'stopped' },
      progress,
      made: false,
      clean: true,
    })
    expect(await asked).toMatchObject(RESET)
  })
})

describe('of a sink', () => {
  const partition = (number: unknown, topic: unknown = 'sunk') => ({ kafka_topic: topic, kafka_partition: number })
  const at = (offset: unknown) => ({ kafka_offset: offset })

  beforeAll(async () => {
    await createTopics(rest.admin, [{ name: 'sunk', partitions: 2, replicationFactor: 1 }])
    await stopped('sink', { 'connector.class': 'FileStreamSink', topics: 'sunk' })
  })

  test('where the target keeps them too, are marked as taken away, so that the target goes by it', async () => {
    const kept = { 'connector.class': 'JdbcSink', 'connection.url': 'jdbc:sqlite:/tmp/none.db' }
    await stopped('kept', { ...kept, topics: 'sunk', 'penstock.sink.exactly.once': 'true' })
    await commit(rest.admin, 'connect-kept', [
      { topic: 'sunk', partition: 0, offset: 5 },
      { topic: 'sunk', partition: 1, offset: 7 },
    ])
    const reset = async () => (await committed(rest.admin, 'connect-kept')).filter(isReset).length
    expect(await patch('kept', [{ partition: partition(0), offset: null }])).toMatchObject(ALTERED)
    expect(await offsets('kept')).toEqual({ offsets: [{ partition: partition(1), offset: at(7) }] })
    expect(await reset()).toBe(1)
    expect(await rest.request('DELETE', '/connectors/kept/offsets')).toMatchObject(RESET)
    expect(await offsets('kept')).toEqual({ offsets: [] })
    expect(await reset()).toBe(2)
  })

  test('are those of its consumer group', async () => {
    expect(await rest.request('DELETE', '/connectors/sink/offsets')).toMatchObject(RESET)
    await commit(rest.admin, 'connect-sink', [{ topic: 'sunk', partition: 1, offset: 7 }])
    expect(await offsets('sink')).toEqual({ offsets: [{ partition: partition(1), offset: at(7) }] })
    expect(
      await patch('sink', [
        { partition: partition('0'), offset: at('5') },
        { partition: partition(1), offset: null },
      ]),
    ).toMatchObject(ALTERED)
    expect(await committed(rest.admin, 'connect-sink')).toMatchObject([{ topic: 'sunk', partition: 0, offset: 5 }])
    expect(await rest.request('DELETE', '/connectors/sink/offsets')).toMatchObject(RESET)
    expect(await offsets('sink')).toEqual({ offsets: [] })
  })

  test('are those of a group of its own choice', async () => {
    const config = { 'connector.class': 'FileStreamSink', topics: 'sunk', 'consumer.override.group.id': 'chosen' }
    await stopped('choosy', config)
    expect(await patch('choosy', [{ partition: partition(0), offset: at(3) }])).toMatchObject(ALTERED)
    expect(await committed(rest.admin, 'chosen')).toMatchObject([{ partition: 0, offset: 3 }])
  })

  const NEEDS_KEYS =
    "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'"

  test.for([
    [null, at(1), 'The partition for a sink connector offset cannot be null or missing'],
    [{ kafka_topic: 'sunk' }, at(1), NEEDS_KEYS],
    [{ filename: 'f' }, null, NEEDS_KEYS],
    [partition(0, null), at(1), 'Kafka topic names must be valid strings and may not be null'],
    [partition(null), at(1), 'Kafka partitions must be valid numbers and may not be null'],
    [
      partition('x'),
      at(1),
      "Failed to parse the following Kafka partition value in the provided offsets: 'x'. Partition values for sink connectors need to be integers.",
    ],
    [
      partition(0),
      at(1.5),
      "Failed to parse the following Kafka offset value in the provided offsets: '1.5'. Offset values for sink connectors need to be integers.",
    ],
    [partition(0), {}, "The offset for a sink connector should either be null or contain the key 'kafka_offset'"],
    [partition(2), at(1), 'There is no partition 2 of topic sunk: it has 2'],
    [partition(0, 'absent'), at(1), /^There is no topic absent/],
    [partition(0, 'bad topic!'), at(1), /bad topic!/],
    [partition(0), at(-5), /must not be negative$/],
  ] as const)('%j %j is refused', async ([where, offset, message]) => {
    expect(await patch('sink', [{ partition: where, offset }])).toMatchObject(refusal(message))
  })
})
