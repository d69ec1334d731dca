/** InitProducerId, AddPartitionsToTxn and EndTxn, and how their answers are retried. */
import { pause } from '../connect/budget.ts'
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, isRetriable, KafkaError, kafkaError } from './codes.ts'
import type { ProducerIdentity } from './partition-queue.ts'
import { WireReader, WireWriter } from './wire.ts'

/** `transactionalId` null: for an idempotent producer. */
export function initProducerIdRequest(
  transactionalId: string | null,
  transactionTimeoutMs: number,
): WireRequest<ProducerIdentity & { readonly error: number }> {
  return {
    apiKey: 22,
    apiVersion: 1,
    apiName: 'InitProducerId',
    encode: () => new WireWriter().string(transactionalId).int32(transactionTimeoutMs).finish(),
    decode(body) {
      const reader = new WireReader(body)
      reader.int32()
      return { error: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16() }
    },
  }
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The first error of a partition that tells something, or 0. */
export function addPartitionsToTxnRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  partitions: readonly TopicPartition[],
): WireRequest<{ readonly error: number }> {
  return {
    apiKey: 24,
    apiVersion: 2,
    apiName: 'AddPartitionsToTxn',
    encode: () =>
      new WireWriter()
        .string(transactionalId)
        .int64(identity.producerId)
        .int16(identity.producerEpoch)
        .array([...Map.groupBy(partitions, ({ topic }) => topic)], ([topic, among], writer) =>
          writer.string(topic).array(among, ({ partition }, w) => w.int32(partition)),
        )
        .finish(),
    decode(body) {
      const reader = new WireReader(body)
      reader.int32()
      const errors = reader
        .array((r) => {
          r.string()
          return r.array(() => {
            r.int32()
            return r.int16()
          })
        })
        .flat()
        .filter((error) => error !== 0)
      return { error: errors.find((error) => error !== OPERATION_NOT_ATTEMPTED) ?? errors[0] ?? 0 }
    },
  }
}

/** Another partition of the request was refused. */
const OPERATION_NOT_ATTEMPTED = 55

export function endTxnRequest(
  transactionalId: string,
  identity: ProducerIdentity,
  commit: boolean,
): WireRequest<{ readonly error: number }> {
  return {
    apiKey: 26,
    apiVersion: 2,
    apiName: 'EndTxn',
    encode: () =>
      new WireWriter()
        .string(transactionalId)
        .int64(identity.producerId)
        .int16(identity.producerEpoch)
        .boolean(commit)
        .finish(),
    decode(body) {
      const reader = new WireReader(body)
      reader.int32()
      return { error: reader.int16() }
    },
  }
}

/**
 * Asks a node, again for errors that pass, until `timeoutMs` is over, or `isOver`. `what` says what was asked for, in errors.
 * The former transaction's markers are written within a few ms: CONCURRENT_TRANSACTIONS is asked again after 1 to 5.
 */
export async function askUntilDone<T extends { readonly error: number }>(
  cluster: Cluster,
  node: (refresh: boolean) => Promise<number>,
  request: WireRequest<T>,
  what: string,
  timeoutMs: number,
  isOver: () => boolean = () => false,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (let attempt = 0, refresh = false; ; attempt++) {
    let failure: KafkaError
    let waitMs = Math.min(5, 1 + attempt / 4)
    try {
      const answer: T = await cluster.send(await node(refresh), request)
      if (answer.error === 0) return answer
      failure = kafkaError(answer.error, what)
      refresh = answer.error === CODES.NOT_COORDINATOR || answer.error === CODES.COORDINATOR_NOT_AVAILABLE
      if (answer.error !== CODES.CONCURRENT_TRANSACTIONS) waitMs = Math.min(200, 10 * 2 ** attempt)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      failure = error
      refresh = true
      waitMs = Math.min(200, 10 * 2 ** attempt)
    }
    if (!isRetriable(failure.code)) throw failure
    if (Date.now() + waitMs > deadline || isOver()) throw failure
    await pause(waitMs)
  }
}

/** The same, of the coordinator of a transactional id. */
export function askCoordinator<T extends { readonly error: number }>(
  cluster: Cluster,
  transactionalId: string,
  request: WireRequest<T>,
  what: string,
  timeoutMs: number,
  isOver?: () => boolean,
): Promise<T> {
  const coordinator = (refresh: boolean) => cluster.coordinator('transaction', transactionalId, { refresh })
  return askUntilDone(cluster, coordinator, request, `${what} of ${transactionalId}`, timeoutMs, isOver)
}
