/** A connector's converters, transforms and predicates over sample records. Nothing is written, no Kafka is needed. */
import { type Budget, budget } from '../connect/budget.ts'
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { RawConfig } from '../connect/settings.ts'
import { recordToJson } from '../converters/record-text.ts'
import type { JsonNode } from '../java/json-text.ts'
import { buildChain, type Chain, type TransformStep } from '../pipeline/chain.ts'
import { text } from '../pipeline/errors.ts'
import { find } from '../registry.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import { LOCAL_DEFAULTS, worker as parseWorker, type Worker } from '../worker/settings.ts'
import { type Place, PlacedError, prepareReading, readSample, writtenBy } from './conversion.ts'
import type { Sample } from './sample.ts'

/** In the golden form, which compares `class`, `message` and `stage`. */
export type PreviewError = {
  readonly class: string
  readonly message: string
  readonly stage: 'apply'
  /** The reason behind the message, where there is one. */
  readonly cause?: string
  /** The setting that names the plugin: `value.converter`, `transforms.ALIAS`; `record`: the sample itself. */
  readonly at: string
  /** What the bytes look like that a converter couldn't read. */
  readonly hint?: string
}

/** `converter`, or a transform's alias. */
export type PreviewStage =
  | { readonly stage: string; readonly record: JsonNode }
  | { readonly stage: 'converter'; readonly payload: JsonNode }

export type Previewed = ({ /** Null: filtered. */ readonly record: JsonNode } | { readonly error: PreviewError }) & {
  readonly stages?: readonly PreviewStage[]
}

export interface PreviewOptions {
  /** Each stage's record too. */
  readonly stages?: boolean
  /** What holds where the connector says nothing; as `penstock up` without settings of its own by default. */
  readonly worker?: Worker
}

export interface Preview {
  readonly kind: 'source' | 'sink'
  readonly settings: ConnectorSettings
  /** One answer for each sample, in order. May be called again, with more. */
  run(samples: readonly Sample[]): Promise<readonly Previewed[]>
}

/** How long converters and transforms may look things up for one batch, in ms. */
const LOOK_UP_MS = 10_000

/** `ConfigError` for a config that can't be: then no record has an answer. The connector's own settings aren't read. */
export async function openPreview(config: RawConfig, options: PreviewOptions = {}): Promise<Preview> {
  const worker = options.worker ?? parseWorker(LOCAL_DEFAULTS)
  const raw: RawConfig = { ...config, name: config['name'] ?? 'preview' }
  const settings = connectorSettings(raw, worker)
  const { kind } = await find('connector', settings.class)
  const chain = await buildChain(settings, {
    converter: (name) => find('converter', name),
    headerConverter: (name) => find('header_converter', name),
    transform: (name) => find('transformation', name),
    predicate: (name) => find('predicate', name),
  })
  const topic = settings.topics[0] ?? raw['topic'] ?? raw['kafka.topic'] ?? 'preview'
  const of: Pass = { kind, chain, topic, aliases: settings.transforms.map(({ alias }) => alias) }
  let seen = 0
  return {
    kind,
    settings,
    async run(samples) {
      if (kind === 'source' && samples.some((sample) => sample.kind === 'fetched'))
        throw new ConfigError(`${settings.class} is a source: only a sink's config can be tried on a topic's records`)
      const items = await pass(of, samples, seen)
      seen += samples.length
      return items.map((item) => answer(item, options.stages === true))
    },
  }
}

/** As `openPreview` and one `run`. */
export async function preview(
  config: RawConfig,
  samples: readonly Sample[],
  options: PreviewOptions = {},
): Promise<readonly Previewed[]> {
  return (await openPreview(config, options)).run(samples)
}

interface Pass {
  readonly kind: 'source' | 'sink'
  readonly chain: Chain
  /** Of texts. */
  readonly topic: string
  readonly aliases: readonly string[]
}

/** A sample on its way: a record that goes on, or none because it was filtered, or failed. */
interface Item {
  record: ConnectRecord | null
  error: PreviewError | null
  readonly stages: PreviewStage[]
}

async function pass(of: Pass, samples: readonly Sample[], first: number): Promise<readonly Item[]> {
  using time = budget(LOOK_UP_MS)
  const { kind, chain, topic, aliases } = of
  const where = { kind, topic }
  const unprepared = await failureOf(() => prepareReading(chain, samples, where, time))
  const items = samples.map((sample, i): Item => {
    const item: Item = { record: null, error: null, stages: [] }
    attempt(item, 'record', () => {
      if (unprepared !== null && sample.kind !== 'record') throw unprepared.error
      item.record = readSample(chain, sample, where, first + i)
    })
    if (kind === 'sink' && sample.kind !== 'record') keep(item, 'converter')
    return item
  })
  for (const [i, step] of chain.transforms.entries()) await transform(items, step, aliases[i] ?? '', time)
  if (kind === 'source')
    for (const item of items)
      attempt(item, 'record', () => {
        if (item.record !== null) item.stages.push({ stage: 'converter', payload: writtenBy(chain, item.record) })
      })
  return items
}

async function transform(items: readonly Item[], step: TransformStep, alias: string, time: Budget): Promise<void> {
  const { plugin, predicate, when } = step
  const going = items.filter((item) => item.record !== null && item.error === null)
  const records = going.flatMap(({ record }) => (record === null ? [] : [record]))
  const unprepared = records.length === 0 ? null : await failureOf(async () => plugin.prepare?.(records, time))
  for (const item of going) {
    attempt(item, `transforms.${alias}`, () => {
      const { record } = item
      if (unprepared !== null) throw unprepared.error
      if (record !== null && (predicate === null || predicate.test(record) === when)) item.record = plugin.apply(record)
    })
    keep(item, alias)
  }
}

async function failureOf(step: () => Promise<void>): Promise<{ readonly error: unknown } | null> {
  try {
    await step()
    return null
  } catch (error) {
    return { error }
  }
}

function attempt(item: Item, at: Place, step: () => void): void {
  try {
    step()
  } catch (error) {
    const placed = error instanceof PlacedError ? error : new PlacedError(at, error)
    item.record = null
    item.error = errorOf(placed)
  }
}

function errorOf({ at, hint, cause }: PlacedError): PreviewError {
  const javaClass = cause instanceof ConnectError ? cause.javaClass : cause instanceof Error ? cause.name : 'Error'
  const reason = cause instanceof Error && cause.cause !== undefined ? { cause: text(cause.cause) } : {}
  const looks = hint === null ? {} : { hint }
  return { class: javaClass, message: text(cause), stage: 'apply', at, ...reason, ...looks }
}

function keep(item: Item, stage: string): void {
  if (item.error === null) item.stages.push({ stage, record: recordNode(item.record) })
}

function recordNode(record: ConnectRecord | null): JsonNode {
  return record === null ? null : recordToJson(record)
}

function answer({ record, error, stages }: Item, all: boolean): Previewed {
  const more = all ? { stages } : {}
  return error === null ? { record: recordNode(record), ...more } : { error, ...more }
}
