import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DelayQueue, type QueueRecord, startDelayQueue } from '../../../lib/local/delay-queue.ts'

let queue: DelayQueue
let client: SQSClient
let target: (records: readonly QueueRecord[]) => Promise<boolean>

beforeAll(async () => {
  queue = await startDelayQueue('wake', (records) => target(records))
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  client = new SQSClient({ endpoint: queue.address, region: 'us-east-1', credentials, maxAttempts: 1 })
})

afterAll(async () => {
  client.destroy()
  queue.pause()
  await queue.stop()
})

beforeEach(() => {
  target = async () => true
})

const send = (MessageBody: string, DelaySeconds?: number) =>
  client.send(
    new SendMessageCommand({
      QueueUrl: queue.url,
      MessageBody,
      ...(DelaySeconds === undefined ? {} : { DelaySeconds }),
    }),
  )

/** The next batches, as many as asked for. */
function deliveries(
  count: number,
  answers: readonly boolean[] = [],
): Promise<readonly { at: number; records: readonly QueueRecord[] }[]> {
  const seen: { at: number; records: readonly QueueRecord[] }[] = []
  return new Promise((resolve) => {
    target = async (records) => {
      seen.push({ at: Date.now(), records })
      if (seen.length === count) resolve(seen)
      return answers[seen.length - 1] ?? true
    }
  })
}

test('a message comes after its delay, as an event of SQS', async () => {
  const coming = deliveries(1)
  const sent = Date.now()
  const { MessageId } = await send('{"connector":"a"}', 0.25)
  const [delivery] = await coming
  expect((delivery?.at ?? 0) - sent).toBeGreaterThanOrEqual(249)
  expect(delivery?.records).toEqual([
    expect.objectContaining({
      messageId: MessageId,
      body: '{"connector":"a"}',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:wake',
      attributes: expect.objectContaining({ ApproximateReceiveCount: '1' }),
    }),
  ])
})

test('a message with a shorter delay overtakes', async () => {
  const coming = deliveries(2)
  await send('later', 0.4)
  await send('sooner', 0.1)
  expect((await coming).map(({ records }) => records[0]?.body)).toEqual(['sooner', 'later'])
})

test('a batch that failed comes again', async () => {
  const coming = deliveries(2, [false, true])
  await send('again')
  const counts = (await coming).map(({ records }) => records[0]?.attributes.ApproximateReceiveCount)
  expect(counts).toEqual(['1', '2'])
})

test.each([-1, 901])('a delay of %d s is refused', async (delay) => {
  await expect(send('x', delay)).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
})
