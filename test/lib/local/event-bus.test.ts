import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BusMessage, type EventBus, startEventBus } from '../../../lib/local/event-bus.ts'

let bus: EventBus
let client: EventBridgeClient
const delivered: BusMessage[] = []

beforeAll(async () => {
  bus = await startEventBus('penstock', (message) => delivered.push(message))
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  client = new EventBridgeClient({ endpoint: bus.address, region: 'us-east-1', credentials, maxAttempts: 1 })
})

afterAll(async () => {
  client.destroy()
  await bus.stop()
})

const entry = {
  EventBusName: 'penstock',
  Source: 'penstock',
  DetailType: 'connector.changed',
  Detail: '{"connector":"a"}',
}

test('an event reaches the target as a rule hands it on', async () => {
  const { Entries, FailedEntryCount } = await client.send(new PutEventsCommand({ Entries: [entry] }))
  expect(FailedEntryCount).toBe(0)
  expect(delivered.at(-1)).toEqual({
    version: '0',
    id: Entries?.[0]?.EventId,
    'detail-type': 'connector.changed',
    source: 'penstock',
    account: '000000000000',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: 'us-east-1',
    resources: [],
    detail: { connector: 'a' },
  })
})

test.each([
  ['of another bus', { EventBusName: 'other' }, 'ResourceNotFoundException'],
  ['without a source', { Source: undefined }, 'InvalidArgument'],
  ['whose detail is no object', { Detail: 'text' }, 'MalformedDetail'],
])('an entry %s is refused, and those beside it are not', async (_, change, code) => {
  const before = delivered.length
  const answer = await client.send(new PutEventsCommand({ Entries: [{ ...entry, ...change }, entry] }))
  expect(answer.FailedEntryCount).toBe(1)
  expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([code, undefined])
  expect(delivered.length).toBe(before + 1)
})

test('more than ten entries are refused', async () => {
  const call = client.send(new PutEventsCommand({ Entries: Array(11).fill(entry) }))
  await expect(call).rejects.toMatchObject({ name: 'ValidationException' })
})
