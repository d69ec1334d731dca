/**
 * What the functions say to each other: events on the bus, wakes on the delay queue, invocations of the task function.
 * The SDK's clients load on first use: each costs 20-40 ms of a cold start.
 */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { ConnectError } from '../connect/errors.ts'
import type { Environment } from './environment.ts'

/** The task function's event: one slice of one task. */
export interface TaskEvent {
  readonly connector: string
  readonly task: number
  readonly epoch: number
  readonly generation: number
  /** Wait for the owner's end, then go on in its place. */
  readonly heir: boolean
}

export type BusEvent =
  | { readonly type: 'connector.changed'; readonly detail: { readonly connector: string } }
  | {
      readonly type: 'slice.ended'
      readonly detail: { readonly connector: string; readonly task: number; readonly epoch: number }
    }
  | {
      readonly type: 'heir.wanted'
      readonly detail: { readonly connector: string; readonly task: number; readonly epoch: number }
    }
  /** Released, or taken back: a pass over all. */
  | { readonly type: 'custody.changed'; readonly detail: Readonly<Record<string, never>> }

export interface Events {
  emit(event: BusEvent): Promise<void>
  /**
   * Brings a pass over the connectors, null: over all, at `at`, epoch ms, or somewhat later; after `LONGEST_WAKE_MS`
   * where that is longer from now.
   */
  wake(connectors: readonly string[] | null, at: number): Promise<void>
  invokeTask(event: TaskEvent): Promise<void>
}

let emitted = 0
let woken = 0

/** What this process has put on the bus and into the delay queue. */
export function messagesSent(): { readonly events: number; readonly wakes: number } {
  return { events: emitted, wakes: woken }
}

/** SQS's own limit. */
export const LONGEST_WAKE_MS = 900_000

export function events(env: Environment): Events {
  let bridge: EventBridgeClient | undefined
  let queue: SQSClient | undefined
  let lambda: LambdaClient | undefined
  return {
    async emit(event) {
      const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge')
      bridge ??= new EventBridgeClient({ maxAttempts: 3 })
      emitted++
      const Entries = [
        { EventBusName: env.bus, Source: 'penstock', DetailType: event.type, Detail: JSON.stringify(event.detail) },
      ]
      const answer = await bridge.send(new PutEventsCommand({ Entries }))
      const failed = answer.Entries?.[0]
      if ((answer.FailedEntryCount ?? 0) > 0)
        throw new ConnectError(
          `The event bus ${env.bus} refused ${event.type}: ${failed?.ErrorCode} ${failed?.ErrorMessage}`,
        )
    },

    async wake(connectors, at) {
      if (env.queueUrl === null) throw new ConnectError('This function has no delay queue')
      const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs')
      queue ??= new SQSClient({ maxAttempts: 3 })
      woken++
      const seconds = Math.min(Math.max(0, at - Date.now()), LONGEST_WAKE_MS) / 1000
      await queue.send(
        new SendMessageCommand({
          QueueUrl: env.queueUrl,
          MessageBody: JSON.stringify({ connectors }),
          DelaySeconds: env.local ? seconds : Math.ceil(seconds),
        }),
      )
    },

    async invokeTask(event) {
      if (env.taskFunction === null) throw new ConnectError('This function does not know the task function')
      const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
      lambda ??= new LambdaClient({ maxAttempts: 3 })
      await lambda.send(
        new InvokeCommand({
          FunctionName: env.taskFunction,
          InvocationType: 'Event',
          Payload: new TextEncoder().encode(JSON.stringify(event)),
        }),
      )
    },
  }
}
