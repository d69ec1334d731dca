/**
 * What a plugin is. A plugin is one file (a connector: one folder) that exports one declaration as its default;
 * the registry is generated from the folders. Sync per record, async per batch: whatever waits is in
 * `prepare`, `poll`, `put` and `flush`.
 */
import type { Budget } from './budget.ts'
import type { ConnectRecord, Header, Position } from './record.ts'
import type { Schema } from './schema.ts'
import { type ConfigOf, parse, type RawConfig, type Settings } from './settings.ts'
import type { Typed, Value } from './value.ts'

/** Serialized: bytes, or a string that stands for its UTF-8 (encoded straight into the produce request). */
export type Payload = Uint8Array | string | null

export interface Converter {
  /** Called once a batch before the records, for what has to be fetched (schemas of a registry). */
  prepare?(topic: string, payloads: readonly (Uint8Array | null)[], budget: Budget): Promise<void>
  /** `DataError` for bytes that can't be read. */
  toConnect(topic: string, payload: Uint8Array | null, headers: readonly Header[]): Typed
  /**
   * The same for a part of a larger buffer; for converters that needn't keep the bytes. The pipeline prefers it,
   * as a view a record costs more than reading one.
   */
  toConnectRange?(topic: string, buffer: Buffer, start: number, end: number): Typed
  fromConnect(topic: string, schema: Schema | null, value: Value, headers: readonly Header[]): Payload
}

export interface HeaderConverter {
  toConnectHeader(topic: string, key: string, payload: Uint8Array | null): Typed
  fromConnectHeader(topic: string, key: string, schema: Schema | null, value: Value): Payload
}

export interface Transform {
  /** Called once a batch before the records, for look-ups. */
  prepare?(batch: readonly ConnectRecord[], budget: Budget): Promise<void>
  /** The record as it goes on, null where it is filtered out. Must not change its input. */
  apply(record: ConnectRecord): ConnectRecord | null
}

export interface Predicate {
  test(record: ConnectRecord): boolean
}

export interface Polled {
  readonly records: readonly ConnectRecord[]
  /** Nothing more for now: the source is worth another look after this many ms. */
  readonly idleMs?: number
  /** The source has ended for good. */
  readonly done?: boolean
  /** Why nothing comes, for the connector's progress page: `waiting for /data/in.txt to exist`. */
  readonly note?: string
}

export interface SourceTask {
  /** At most `limit` records; never longer than the budget. Called again while earlier records are in flight. */
  poll(limit: number, budget: Budget): Promise<Polled>
  /** All records handed out up to and including these offsets are in Kafka and their offsets are committed. */
  committed?(offsets: readonly { readonly partition: Position; readonly offset: Position }[]): Promise<void>
  stop(): Promise<void>
}

export interface Failure {
  readonly record: ConnectRecord
  readonly error: Error
}

/** `topic` and partition to the next offset: what is durable ends just before it. */
export type Durable = ReadonlyMap<string, ReadonlyMap<number, number>>

export interface SinkTask {
  /** Answers the records that failed by themselves; throws where the batch as a whole did (`RetriableError`: again). */
  put(records: readonly ConnectRecord[], budget: Budget): Promise<readonly Failure[]>
  /** Makes durable what was put. `all`, or what is durable where it is less. Nothing else is ever committed. */
  flush(budget: Budget): Promise<'all' | Durable>
  stop(): Promise<void>
}

/** The offsets of a source connector, by source partition. Undefined: none is stored. */
export interface SourceOffsets {
  get(partition: Position): Position | undefined
  all(): readonly { readonly partition: Position; readonly offset: Position }[]
}

export interface SourceContext {
  readonly connector: string
  readonly task: number
  readonly offsets: SourceOffsets
  readonly log: PluginLog
}

export interface SinkContext {
  readonly connector: string
  readonly task: number
  /** The task's partitions, by topic. */
  readonly assignment: ReadonlyMap<string, readonly number[]>
  readonly log: PluginLog
}

export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

interface Declared {
  readonly class: string
  /** Other names that configs may use: short forms, forks, our own. */
  readonly aliases?: readonly string[]
  readonly version: string
  readonly doc: string
}

interface ConnectorCommon<S extends Settings> extends Declared {
  readonly settings: S
  /** The Java task class, written into task configs as `task.class`, so that a JVM worker can go on from them. */
  readonly taskClass: string
  /** Checks that one setting alone can't tell, by setting. May look at the system. */
  validate?(config: ConfigOf<S>, raw: RawConfig, budget: Budget): Promise<ReadonlyMap<string, readonly string[]>>
  /** The configs of at most `maxTasks` tasks. Default: `raw` for each task a sink may have, and once for a source. */
  split?(config: ConfigOf<S>, raw: RawConfig, maxTasks: number, budget: Budget): Promise<readonly RawConfig[]>
}

export interface SourceConnector<S extends Settings = Settings> extends ConnectorCommon<S> {
  readonly kind: 'source'
  /** KIP-618: whether offsets name an exact position, so that a restart neither skips nor repeats. */
  exactlyOnce(config: ConfigOf<S>): boolean
  /** KIP-875: throws `ConfigError` for offsets that the connector couldn't start from. */
  checkOffsets?(partition: Position, offset: Position | null, config?: ConfigOf<S>): void
  start(config: ConfigOf<S>, context: SourceContext, budget: Budget): Promise<SourceTask>
}

export interface SinkConnector<S extends Settings = Settings> extends ConnectorCommon<S> {
  readonly kind: 'sink'
  /** How long a write of a killed task may still land in the target, in ms: the next slice waits it out. */
  requestTimeoutMs?(config: ConfigOf<S>): number
  start(config: ConfigOf<S>, context: SinkContext, budget: Budget): Promise<SinkTask>
}

export type Connector = SourceConnector | SinkConnector

export interface PluginOf<P, S extends Settings = Settings> extends Declared {
  readonly settings: S
  create(config: ConfigOf<S>, raw: RawConfig): P
}

export type TransformPlugin = PluginOf<Transform>
export type PredicatePlugin = PluginOf<Predicate>
export interface ConverterPlugin extends Declared {
  readonly settings: Settings
  create?(config: Readonly<Record<string, unknown>>, isKey: boolean, raw: RawConfig): Converter
  createHeader?(config: Readonly<Record<string, unknown>>, raw: RawConfig): HeaderConverter
}

/** Infers the settings for the body and erases them for the registry. The casts of the plugin layer are these four. */
export function source<S extends Settings>(declaration: Omit<SourceConnector<S>, 'kind'>): SourceConnector {
  return { ...declaration, kind: 'source' } as unknown as SourceConnector
}

export function sink<S extends Settings>(declaration: Omit<SinkConnector<S>, 'kind'>): SinkConnector {
  return { ...declaration, kind: 'sink' } as unknown as SinkConnector
}

export function plugin<P, S extends Settings>(declaration: PluginOf<P, S>): PluginOf<P> {
  return declaration as unknown as PluginOf<P>
}

export function converter<S extends Settings>(
  declaration: Declared & {
    readonly settings: S
    create?(config: ConfigOf<S>, isKey: boolean, raw: RawConfig): Converter
    createHeader?(config: ConfigOf<S>, raw: RawConfig): HeaderConverter
  },
): ConverterPlugin {
  return declaration as unknown as ConverterPlugin
}

/** A plugin ready for use: its settings parsed from the raw config. */
export function configure<P>(declaration: PluginOf<P>, raw: RawConfig): P {
  return declaration.create(parse(declaration.settings, raw), raw)
}
