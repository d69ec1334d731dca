/** A connector's converters, transforms and predicates over sample records. Nothing is written, no Kafka is needed. */
import { type Budget, budget } from '../connect/budget.ts'
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { RawConfig } from '../connect/settings.ts'
import { recordToJson } from '../converters/record-text.ts'
import type { JsonNode } from '../java/json-text.ts'
import { Secrets } from '../observe/secrets.ts'
import { buildChain, type Chain, type PluginSource, type TransformStep } from '../pipeline/chain.ts'
import { text } from '../pipeline/errors.ts'
import { isSeveral } from '../pipeline/transform.ts'
import { find } from '../registry.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import { realConfig, requireFiles, secretsOf } from '../worker/real-config.ts'
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

/** What a record became: none (null), one, or the several that a transform made of it. */
type Made = { readonly record: JsonNode } | { readonly records: readonly JsonNode[] }

/** `converter`, or a transform's alias. */
export type PreviewStage =
  | ({ readonly stage: string } & Made)
  | ({ readonly stage: 'converter' } & ({ readonly payload: JsonNode } | { readonly payloads: readonly JsonNode[] }))

export type PreviewLogLine = { readonly level: keyof PluginLog; readonly message: string }

export type Previewed = (Made | { readonly error: PreviewError }) & {
  readonly stages?: readonly PreviewStage[]
  /** What transforms and predicates logged, where they did. */
  readonly log?: readonly PreviewLogLine[]
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
  /** What no answer may show where it goes to others. */
  readonly secrets: Secrets
  /** One answer for each sample, in order. May be called again, with more. */
  run(samples: readonly Sample[]): Promise<readonly Previewed[]>
}

/** How long converters and transforms may look things up for one batch, in ms. */
const LOOK_UP_MS = 10_000

/** `ConfigError` for a config that can't be: then no record has an answer. The connector's own settings aren't read. */
export async function openPreview(config: RawConfig, options: PreviewOptions = {}): Promise<Preview> {
  for (const [key, value] of Object.entries(config))
    if (value === null)
      throw ConfigError.invalid(key, value, 'Null value can not be supplied as the configuration value.')
  const worker = options.worker ?? parseWorker(LOCAL_DEFAULTS)
  const real = await realConfig(worker, { ...config, name: config['name'] ?? 'preview' })
  await requireFiles(worker, real, find)
  const secrets = new Secrets(await secretsOf(worker, real, find))
  try {
    return await openReal(real.config, worker, options, secrets)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(secrets.scrub(error.message), error)
    throw error
  }
}

async function openReal(raw: RawConfig, worker: Worker, options: PreviewOptions, secrets: Secrets): Promise<Preview> {
  const settings = connectorSettings(raw, worker)
  const { kind } = await find('connector', settings.class)
  const log = new ItemLog()
  const plugins: PluginSource = {
    converter: (name) => find('converter', name),
    headerConverter: (name) => find('header_converter', name),
    transform: (name) => find('transformation', name),
    predicate: (name) => find('predicate', name),
  }
  const chain = await buildChain(settings, plugins, log)
  const topic = settings.topics[0] ?? raw['topic'] ?? raw['kafka.topic'] ?? 'preview'
  const of: Pass = { kind, chain, topic, log, aliases: settings.transforms.map(({ alias }) => alias) }
  let seen = 0
  return {
    kind,
    settings,
    secrets,
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
  readonly log: ItemLog
  readonly aliases: readonly string[]
}

/** A sample on its way: the records that go on, none where it was filtered, or failed. */
interface Item {
  records: readonly ConnectRecord[]
  error: PreviewError | null
  readonly stages: PreviewStage[]
  readonly log: PreviewLogLine[]
}

/** Lines go to the item at work; what is logged beside is of none. */
class ItemLog implements PluginLog {
  lines: PreviewLogLine[] = []
  debug = (message: string) => this.#add('debug', message)
  info = (message: string) => this.#add('info', message)
  warn = (message: string) => this.#add('warn', message)
  error = (message: string) => this.#add('error', message)

  #add(level: keyof PluginLog, message: string): void {
    this.lines.push({ level, message })
  }
}

async function pass(of: Pass, samples: readonly Sample[], first: number): Promise<readonly Item[]> {
  using time = budget(LOOK_UP_MS)
  const { kind, chain, topic, log, aliases } = of
  const where = { kind, topic }
  const unprepared = await failureOf(() => prepareReading(chain, samples, where, time))
  const items = samples.map((sample, i): Item => {
    const item: Item = { records: [], error: null, stages: [], log: [] }
    attempt(item, 'record', () => {
      if (unprepared !== null && sample.kind !== 'record') throw unprepared.error
      item.records = [readSample(chain, sample, where, first + i)]
    })
    if (kind === 'sink' && sample.kind !== 'record') keep(item, 'converter')
    return item
  })
  for (const [i, step] of chain.transforms.entries()) await transform(items, step, aliases[i] ?? '', log, time)
  if (kind === 'source')
    for (const item of items)
      attempt(item, 'record', () => {
        const payloads = item.records.map((record) => writtenBy(chain, record))
        const [payload] = payloads
        if (payload !== undefined)
          item.stages.push({ stage: 'converter', ...(payloads.length > 1 ? { payloads } : { payload }) })
      })
  return items
}

async function transform(
  items: readonly Item[],
  step: TransformStep,
  alias: string,
  log: ItemLog,
  time: Budget,
): Promise<void> {
  const { plugin, predicate, when } = step
  const going = items.filter((item) => item.records.length > 0 && item.error === null)
  const records = going.flatMap((item) => item.records)
  const unprepared = records.length === 0 ? null : await failureOf(async () => plugin.prepare?.(records, time))
  for (const item of going) {
    attempt(item, `transforms.${alias}`, () => {
      if (unprepared !== null) throw unprepared.error
      log.lines = item.log
      item.records = item.records.flatMap((record) => {
        const out = predicate === null || predicate.test(record) === when ? plugin.apply(record) : record
        return out === null ? [] : isSeveral(out) ? [...out] : [out]
      })
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
    item.records = []
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
  if (item.error === null) item.stages.push({ stage, ...made(item.records) })
}

function made(records: readonly ConnectRecord[]): Made {
  const nodes = records.map(recordToJson)
  return nodes.length > 1 ? { records: nodes } : { record: nodes[0] ?? null }
}

function answer({ records, error, stages, log }: Item, all: boolean): Previewed {
  const more = { ...(all ? { stages } : {}), ...(log.length > 0 ? { log } : {}) }
  return error === null ? { ...made(records), ...more } : { error, ...more }
}
