/**
 * SQS's SendMessage, and the mapping that invokes a function with what is due. Kept in memory only: what a restart
 * loses, the scheduled pass mends.
 */
import { createHash, randomUUID } from 'node:crypto'
import { AwsError, serveAwsJson } from './aws-json.ts'
import { ACCOUNT, REGION } from './function-config.ts'
import type { Part } from './part.ts'

/** SQS's own limit. Fractions of a second are accepted here, so that waits at a laptop can be short. */
const LONGEST_DELAY_S = 900
/** As the stack's event source mapping has it (cdk/carriers.ts): so many at once, gathered for so long, in ms. */
const BATCH = 100
const WINDOW_MS = 15
/** How long a message whose batch failed stays away. */
const RETRY_MS = 1_000
const RECEIVES = 5

/** A message as a function gets it in `Records`. */
export interface QueueRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly SentTimestamp: string }
  readonly messageAttributes: Readonly<Record<string, never>>
  readonly md5OfBody: string
  readonly eventSource: 'aws:sqs'
  readonly eventSourceARN: string
  readonly awsRegion: string
}

interface Message {
  readonly id: string
  readonly body: string
  readonly sent: number
  receives: number
}

export interface DelayQueue extends Part {
  /** As in `PENSTOCK_QUEUE_URL`. */
  readonly url: string
  /** Accepts messages and drops them. */
  pause(): void
}

/** `target` answers whether the function dealt with the batch. */
export async function startDelayQueue(
  name: string,
  target: (records: readonly QueueRecord[]) => Promise<boolean>,
): Promise<DelayQueue> {
  const timers = new Set<NodeJS.Timeout>()
  const due: Message[] = []
  let paused = false

  const later = (work: () => void, ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }
  const wait = (message: Message, ms: number) => {
    if (paused) return
    later(() => {
      due.push(message)
      // What is due at about the same time travels in one batch.
      if (due.length === 1) later(deliver, WINDOW_MS)
    }, ms)
  }
  const deliver = () => {
    while (due.length > 0 && !paused) void deliverBatch(due.splice(0, BATCH))
  }
  const deliverBatch = async (batch: readonly Message[]) => {
    for (const message of batch) message.receives++
    if ((await target(batch.map((message) => record(name, message)))) || paused) return
    for (const message of batch) if (message.receives < RECEIVES) wait(message, RETRY_MS)
  }

  const part = await serveAwsJson({
    SendMessage({ MessageBody, DelaySeconds = 0 }) {
      if (typeof MessageBody !== 'string' || MessageBody === '')
        throw new AwsError(
          'com.amazonaws.sqs#MissingRequiredParameterException',
          'The request must contain the parameter MessageBody.',
        )
      if (typeof DelaySeconds !== 'number' || !(DelaySeconds >= 0 && DelaySeconds <= LONGEST_DELAY_S))
        throw new AwsError(
          'com.amazonaws.sqs#InvalidParameterValueException',
          `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${LONGEST_DELAY_S}.`,
        )
      const message = { id: randomUUID(), body: MessageBody, sent: Date.now(), receives: 0 }
      wait(message, DelaySeconds * 1000)
      return { MessageId: message.id, MD5OfMessageBody: md5(MessageBody) }
    },
  })
  return {
    address: part.address,
    pid: part.pid,
    url: `${part.address}/${ACCOUNT}/${name}`,
    pause() {
      paused = true
      for (const timer of timers) clearTimeout(timer)
    },
    stop: () => part.stop(),
  }
}

function record(queue: string, { id, body, sent, receives }: Message): QueueRecord {
  return {
    messageId: id,
    receiptHandle: id,
    body,
    attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: String(sent) },
    messageAttributes: {},
    md5OfBody: md5(body),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`,
    awsRegion: REGION,
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
