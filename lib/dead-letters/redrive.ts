/**
 * Puts dead letters into the queue from which the connector's first task takes them (docs/decisions/2026-11-21-redrive.md).
 * One transaction: the letters, and the ledger's entry that keeps them from being redriven twice. A second redrive at
 * the same time fences the first, which then has done nothing.
 */
import { type Budget, pause } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import { jsonText } from '../converters/record-text.ts'
import { type JsonNode, readWholeJson } from '../java/json-text.ts'
import { listOffsets } from '../kafka/admin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createTransactionalProducer, type TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Stage } from '../pipeline/errors.ts'
import { QUEUE_PARTITION, redriveName } from '../pipeline/redrive-queue.ts'
import { type Redriven, redriveHeader } from '../pipeline/redriven.ts'
import type { ConnectorSettings, DeadLetters } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import type { Edit } from './edit.ts'
import { ensureQueue, LARGEST_LETTER, LEDGER_PARTITION, type Ledger, ledgerEntry, readLedger } from './ledger.ts'
import { type DeadLetter, place } from './letter.ts'
import { isOf, letterRanges, readLetters } from './read.ts'

export interface Selection {
  /** The Java class of the error, with or without its package. */
  readonly error: string | null
  readonly stage: string | null
  /** `PARTITION:OFFSET`; null: all that the others choose. */
  readonly letters: ReadonlySet<string> | null
}

export interface RedriveOrder {
  readonly connector: string
  readonly kind: 'source' | 'sink'
  readonly settings: ConnectorSettings
  readonly deadLetters: DeadLetters
  readonly selection: Selection
  /** For edited records; others have to pass all stages to get where they failed. */
  readonly from: Redriven['from']
  /** By letter; where there are any, they are the selection. */
  readonly edits: ReadonlyMap<string, Edit>
  /** Also letters that were redriven before, however often. */
  readonly again: boolean
  readonly dryRun: boolean
}

/** Why a letter that was chosen is left where it is. */
export type Left = 'redriven' | 'loop' | 'no-topic' | 'omitted'

export interface RedriveOutcome {
  /** `PARTITION:OFFSET` */
  readonly redriven: readonly string[]
  readonly left: Readonly<Record<Left, readonly string[]>>
  /** There are more than one call takes: the next call takes those. */
  readonly more: boolean
}

/** A letter that was redriven so often and failed again stays where it is. */
const MOST_REDRIVES = 3
/** Letters that one call takes: within a REST request's time, and a transaction's. */
const MOST_LETTERS = 5_000
const VISIBLE_LOOK_MS = 10

export async function redrive(
  cluster: Cluster,
  worker: Worker,
  order: RedriveOrder,
  time: Budget,
): Promise<RedriveOutcome> {
  const queue = redriveName(worker, order.connector)
  const { topic, replicationFactor } = order.deadLetters
  if (order.dryRun) return await choose(cluster, worker, order, time, () => Promise.resolve())
  await ensureQueue(cluster, queue, replicationFactor)
  const { producer: settings } = clientSettings(worker.raw, 'producer')
  const producer = createTransactionalProducer(cluster, { ...settings, maxRequestSize: LARGEST_LETTER }, queue)
  try {
    // From here on the ledger is this redrive's alone.
    await producer.init()
    await producer.prepare([queue])
    producer.begin()
    const outcome = await choose(cluster, worker, order, time, (letter) => enqueue(producer, queue, order, letter))
    if (outcome.redriven.length > 0) {
      const entry = ledgerEntry(topic, Date.now(), outcome.redriven.map(parsePlace))
      producer.append(queue, LEDGER_PARTITION, null, entry, null, [])
    }
    await producer.commit()
    await untilVisible(cluster, queue, time)
    return outcome
  } finally {
    await producer.close()
  }
}

/** Who reads committed records sees them some ms after the commit: a slice that starts then must not miss them. */
async function untilVisible(cluster: Cluster, topic: string, time: Budget): Promise<void> {
  const queue = [{ topic, partition: QUEUE_PARTITION }]
  const [written] = await listOffsets(cluster, queue, 'latest')
  while (!time.signal.aborted) {
    const [stable] = await listOffsets(cluster, queue, 'latest', 'read_committed')
    if ((stable?.offset ?? 0) >= (written?.offset ?? 0)) return
    await pause(VISIBLE_LOOK_MS, time)
  }
}

async function choose(
  cluster: Cluster,
  worker: Worker,
  order: RedriveOrder,
  time: Budget,
  take: (letter: DeadLetter) => Promise<void>,
): Promise<RedriveOutcome> {
  const { topic } = order.deadLetters
  const ranges = await letterRanges(cluster, topic)
  const ledger = await readLedger(cluster, worker, redriveName(worker, order.connector), topic, ranges, time)
  const redriven: string[] = []
  const left: Record<Left, string[]> = { redriven: [], loop: [], 'no-topic': [], omitted: [] }
  for await (const letters of readLetters(cluster, worker, topic, ranges, time))
    for (const letter of letters) {
      if (!isOf(letter, order.connector) || !isChosen(letter, order)) continue
      const why = reason(letter, order, ledger)
      if (why !== null) left[why].push(place(letter))
      else if (redriven.length === MOST_LETTERS) return { redriven, left, more: true }
      else {
        await take(letter)
        redriven.push(place(letter))
      }
    }
  return { redriven, left, more: time.signal.aborted }
}

function isChosen(letter: DeadLetter, { selection, edits }: RedriveOrder): boolean {
  if (edits.size > 0) return edits.has(place(letter))
  return (selection.letters?.has(place(letter)) ?? true) && matches(letter, selection)
}

export function matches({ context }: DeadLetter, { stage, error }: Pick<Selection, 'stage' | 'error'>): boolean {
  if (stage !== null && context.stage !== stage) return false
  return error === null || context.error === error || (context.error ?? '').endsWith(`.${error}`)
}

function reason(letter: DeadLetter, order: RedriveOrder, ledger: Ledger): Left | null {
  const edit = order.edits.get(place(letter))
  if (!order.again && ledger.has(letter)) return 'redriven'
  if (!order.again && letter.redrives >= MOST_REDRIVES) return 'loop'
  if (edit !== undefined && edit.form === 'record') return null
  if (order.kind === 'source') return isOmitted(letter) ? 'omitted' : null
  return letter.isEdited || topicOf(letter, order) !== null ? null : 'no-topic'
}

/** Key and value were too large for the letter. */
function isOmitted({ value }: DeadLetter): boolean {
  return sourceLetter(value)['omitted'] === true
}

function sourceLetter(value: Buffer | null): { readonly [key: string]: JsonNode | undefined } {
  return readWholeJson(value?.toString() ?? '{}') as { readonly [key: string]: JsonNode | undefined }
}

/** Without context the topic is known where the connector has but one. */
function topicOf({ context }: DeadLetter, { settings }: RedriveOrder, edit?: Edit): string | null {
  if (edit?.topic !== undefined) return edit.topic
  if (context.topic !== null) return context.topic
  return settings.topics.length === 1 ? (settings.topics[0] ?? null) : null
}

async function enqueue(
  producer: TransactionalProducer,
  queue: string,
  order: RedriveOrder,
  letter: DeadLetter,
): Promise<void> {
  const { kind, from } = order
  const { context } = letter
  const edit = order.edits.get(place(letter))
  const isRecord = kind === 'source' || letter.isEdited
  const form = edit?.form ?? (isRecord ? 'record' : 'bytes')
  const redriven: Redriven = {
    letter: `${letter.topic}/${letter.partition}/${letter.offset}`,
    ...(kind === 'source' ? sourcePlace(letter) : sinkPlace(letter, topicOf(letter, order, edit))),
    stage: (context.stage ?? 'TRANSFORMATION') as Stage,
    class: context.class ?? '',
    // What wasn't edited is as it was at the start.
    from: edit?.form === 'record' || letter.isEdited ? from : 'start',
    form,
    count: letter.redrives + 1,
  }
  const { key, value, headers } = edit ?? letter
  producer.append(queue, QUEUE_PARTITION, key, value, letter.timestamp, [...headers, redriveHeader(redriven)])
  await producer.room()
}

function sinkPlace({ context }: DeadLetter, topic: string | null) {
  return { topic: topic ?? '', partition: context.partition ?? '0', offset: context.offset ?? '-1' }
}

function sourcePlace({ value, context }: DeadLetter) {
  const { topic, sourcePartition = null, sourceOffset = null } = sourceLetter(value)
  return {
    topic: context.topic ?? String(topic ?? ''),
    partition: jsonText(sourcePartition),
    offset: jsonText(sourceOffset),
  }
}

/** `ConfigError` for a text that isn't `PARTITION:OFFSET`. */
export function parsePlace(text: string): { readonly partition: number; readonly offset: number } {
  const found = /^(\d+):(\d+)$/.exec(text)
  if (found === null) throw new ConfigError(`'${text}' is no place of a dead letter: give PARTITION:OFFSET, as 0:12`)
  return { partition: Number(found[1]), offset: Number(found[2]) }
}
