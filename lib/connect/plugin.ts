/**
 * What a plugin is. A plugin is one file (a connector: one folder) that exports one declaration as its default;
 * the registry is generated from the folders. Sync per record, async per batch: whatever waits is in
 * `prepare`, `poll`, `put` and `flush`.
 */
import type { Budget } from './budget.ts'
import { sorted } from './definition.ts'
import type { ConnectRecord, Header, Position, SourceOrigin } from './record.ts'
import type { Schema } from './schema.ts'
import { type ConfigOf, parse, type RawConfig, type Settings } from './settings.ts'
import type { Typed, Value } from './value.ts'

/** Serialized: bytes, or a string that stands for its UTF-8 (`utf8.ts`; encoded straight into the produce request). */
export type Payload = Uint8Array | string | null

export interface Converter {
  /** Called once a batch before the records, for what has to be fetched (schemas of a registry). */
  prepare?(topic: string, payloads: readonly (Uint8Array | null)[], budget: Budget): Promise<void>
  /** `DataError` for bytes that can't be read. */
  toConnect(topic: string, payload: Uint8Array | null, headers: readonly Header[]): Typed
  /**
   * The same for a part of a larger buffer, which nobody writes to afterwards; for converters that needn't keep the
   * bytes. The pipeline prefers it, as a view a record costs more than reading one.
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
  /**
   * One transform, without `prepare`, that makes of any record what this one and then the other make of it, in less time;
   * undefined where there is none. Where it throws, whatever it throws, one of the two would have thrown.
   */
  join?(next: Transform | OneToMany): Transform | undefined
}

/**
 * A transform that may answer several records for one, or an array of none. What came of one record stays together: its
 * offset is committed once all of it has ended, and where one of them fails, the record that they came of has failed.
 */
export interface OneToMany {
  readonly oneToMany: true
  prepare?(batch: readonly ConnectRecord[], budget: Budget): Promise<void>
  /** As `Transform.apply`. Each of several must have the origin of the record that they came of. */
  apply(record: ConnectRecord): ConnectRecord | readonly ConnectRecord[] | null
}

export interface Predicate {
  test(record: ConnectRecord): boolean
}

/** Values found for the keys of a path; a key that isn't there is left out. */
export interface ConfigData {
  readonly values: Readonly<Record<string, string>>
  /** How long they hold, in ms; absent: nobody says. */
  readonly ttlMs?: number
}

/** Looks up what configs refer to as `${NAME:path:key}` or `${NAME:key}` (KIP-297). */
export interface ConfigProvider {
  /** `path` is empty where a reference has none. `ConfigError`, which tells no value, where the path can't be read. */
  get(path: string, keys: readonly string[], budget: Budget): Promise<ConfigData>
  /** The files of this machine that this look-up reads: `penstock.files.allow` bounds them. */
  files?(path: string, keys: readonly string[]): readonly string[]
}

export interface Polled {
  readonly records: readonly ConnectRecord[]
  /** Nothing more for now: the source is worth another look after this many ms. */
  readonly idleMs?: number
  /** With `idleMs`: nothing can come earlier, as a clock alone decides. Then nobody looks before. */
  readonly certain?: boolean
  /** With `idleMs`: how what is watched was when nothing more came, for the connector's `look`. Short. */
  readonly mark?: string
  /** The source has ended for good. */
  readonly done?: boolean
  /** Why nothing comes, for the connector's progress page: `waiting for /data/in.txt to exist`. */
  readonly note?: string
}

export interface SourceTask {
  /**
   * At most `limit` records, each with an origin object of its own; never longer than the budget. Called again while
   * earlier records are in flight.
   */
  poll(limit: number, budget: Budget): Promise<Polled>
  /** All records handed out up to and including these offsets are in Kafka and their offsets are committed. */
  committed?(offsets: readonly { readonly partition: Position; readonly offset: Position }[]): Promise<void>
  /**
   * A record is in Kafka for good (`SourceTask.commitRecord`): called in the order of each partition, before `committed`
   * is for its offset. Not for one that was filtered or dead-lettered, nor where the broker can't tell the place.
   */
  written?(origin: SourceOrigin, topic: string, partition: number, offset: number): void
  stop(): Promise<void>
}

export interface Failure {
  readonly record: ConnectRecord
  readonly error: Error
}

/** `topic` and partition to the next offset: what is durable ends just before it. */
export type Durable = ReadonlyMap<string, ReadonlyMap<number, number>>

export interface SinkTask {
  /**
   * Answers the records that failed by themselves; throws where the batch as a whole did (`RetriableError`: again).
   * Records that a transform made of one follow each other, with that one's origin and so its offset, maybe over puts.
   *
   * With `positions` (a task with a `context.writer`): what was written holds for good when it resolves, and the positions
   * with it, or neither does; it fails where a younger writer has claimed one of the partitions. Where it answers
   * failures nothing was written, and it is called again without those. There may be no records at all. A put
   * of which it isn't known whether it took effect is made again with the same positions: then the task looks.
   */
  put(records: readonly ConnectRecord[], budget: Budget, positions?: Durable): Promise<readonly Failure[]>
  /** Makes durable what was put. `all`, or what is durable where it is less. Nothing else is ever committed. */
  flush(budget: Budget): Promise<'all' | Durable>
  /**
   * Of a task with a `context.writer`, before its first put: nothing that an older writer has sent for its partitions can
   * take effect any more. Answers the positions that the target has for them.
   */
  claim?(budget: Budget): Promise<Durable>
  stop(): Promise<void>
}

/** The offsets of a source connector, by source partition. Undefined: none is stored. */
export interface SourceOffsets {
  get(partition: Position): Position | undefined
  all(): readonly { readonly partition: Position; readonly offset: Position }[]
}

/** As a user asks for it. Null: of a partition that isn't named; an offset that is to be taken away. */
export interface OffsetChange {
  readonly partition: Position | null
  readonly offset: Position | null
}

/**
 * How a source ends its transactions (KIP-618). Without a record: after the batch that the poll under way, or the next
 * one, answers, which may be empty. With one: after this record of that batch. To ask for both is an error.
 */
export interface TransactionContext {
  commitTransaction(record?: ConnectRecord): void
  /** No reader of committed records sees what was sent; its offsets are committed all the same, so it isn't read again. */
  abortTransaction(record?: ConnectRecord): void
}

export interface SourceContext {
  readonly connector: string
  readonly task: number
  /** The task's config as it is written: with what no setting declares (`AbstractConfig.originals`). */
  readonly raw: RawConfig
  readonly offsets: SourceOffsets
  /** With `transaction.boundary=connector` and exactly-once delivery alone; else nobody is asked. */
  readonly transactionContext?: TransactionContext
  readonly log: PluginLog
}

/** Of two writers of one group the one of the greater generation is the younger, then that of the greater epoch. */
export interface SinkWriter {
  /** The consumer group, which the positions are of. */
  readonly group: string
  readonly generation: number
  readonly epoch: number
}

export interface SinkContext {
  readonly connector: string
  readonly task: number
  /** The task's partitions, by topic. */
  readonly assignment: ReadonlyMap<string, readonly number[]>
  /** Where the task keeps its positions in the target (`penstock.sink.exactly.once`): as whom it writes. */
  readonly writer?: SinkWriter
  readonly log: PluginLog
}

export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface SplitContext {
  /** The configs of the tasks that there are; none of a connector that is new, or was stopped. */
  readonly tasks: readonly RawConfig[]
  readonly budget: Budget
  readonly log: PluginLog
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
  split?(config: ConfigOf<S>, raw: RawConfig, maxTasks: number, context: SplitContext): Promise<readonly RawConfig[]>
  /** Prefixes of properties of Kafka clients in its config, which no setting declares: their secrets are hidden as such. */
  readonly clientPrefixes?: readonly string[]
  /** Connect's class lists the settings that all connectors have among its own, before the others. Absent: it doesn't. */
  readonly listsCommon?: true
}

export interface SourceConnector<S extends Settings = Settings> extends ConnectorCommon<S> {
  readonly kind: 'source'
  /**
   * KIP-618: whether offsets name an exact position, so that a restart neither skips nor repeats. Null: Connect's class
   * doesn't say, and it is taken for no.
   */
  exactlyOnce(config: ConfigOf<S>, raw: RawConfig): boolean | null
  /** How often, in ms, `tend` is called while the connector runs. Null: never. */
  tendMs?(config: ConfigOf<S>): number | null
  /**
   * What the connector looks after beside its tasks. Answers whether they are to be made anew
   * (`ConnectorContext.requestTaskReconfiguration`): then `split` is called.
   */
  tend?(config: ConfigOf<S>, raw: RawConfig, context: SplitContext): Promise<boolean>
  /**
   * KIP-618: whether the connector ends its transactions itself, by the `TransactionContext`. A transaction that is open
   * when a slice ends is dropped and read again. Absent: it doesn't.
   */
  definesTransactionBoundaries?(config: ConfigOf<S>): boolean
  /** KIP-875: throws `ConfigError` for changes of its offsets that the connector couldn't start from. */
  checkOffsets?(changes: readonly OffsetChange[], config: ConfigOf<S>): void
  /**
   * Whether what an idle task watches has changed since its `mark`, so that a slice is worth it. Asked of many tasks at
   * once, without a slice: it has to be cheap. A rejection counts as yes. Where there is none, a slice looks.
   */
  look?(config: ConfigOf<S>, mark: string, budget: Budget, raw: RawConfig): Promise<boolean>
  /**
   * It and a first `poll` may come while a predecessor, which has stopped, still hands the task over. Where that goes to
   * another, what was polled is given up, and `stop` called: nothing of it may take effect on the source.
   */
  start(config: ConfigOf<S>, context: SourceContext, budget: Budget): Promise<SourceTask>
}

export interface SinkConnector<S extends Settings = Settings> extends ConnectorCommon<S> {
  readonly kind: 'sink'
  /** Whether the target can hold the positions in one transaction with what is written. Absent: it can't. */
  exactlyOnce?(config: ConfigOf<S>): boolean
  /** How long a write of a killed task may still land in the target, in ms: the next slice waits it out. */
  requestTimeoutMs?(config: ConfigOf<S>): number
  /** May come while a predecessor, which has stopped, still hands the task over: without a `context.writer` only. */
  start(config: ConfigOf<S>, context: SinkContext, budget: Budget): Promise<SinkTask>
}

export type Connector = SourceConnector | SinkConnector

export interface PluginOf<P, S extends Settings = Settings> extends Declared {
  readonly settings: S
  /** Settings that Connect's plugin of this class lacks, so that its lists of settings do too; `create` reads them of `raw`. */
  readonly additions?: Settings
  /** `raw` and the config have the plugin's own settings alone, without the prefix. */
  create(config: ConfigOf<S>, raw: RawConfig, log: PluginLog): P
}

export type TransformPlugin = PluginOf<Transform | OneToMany>
export type PredicatePlugin = PluginOf<Predicate>
export type ProviderPlugin = PluginOf<ConfigProvider>
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

/**
 * A plugin ready for use: its settings parsed from the raw config, where their keys begin with `prefix`. The first error
 * is that of Connect's order for nested plugins.
 */
export function configure<P>(declaration: PluginOf<P>, raw: RawConfig, log: PluginLog, prefix = ''): P {
  const settings = Object.fromEntries(sorted(declaration.settings))
  return declaration.create(parse(settings, raw, prefix), raw, log)
}
