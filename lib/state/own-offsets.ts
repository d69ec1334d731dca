/**
 * The offsets of a connector that has an offsets topic of its own (KIP-618, `ConnectorOffsetBackingStore`). That one is
 * the truth; what it lacks is looked for in the worker's topic, which is kept up to date as well as it goes: a connector
 * whose own topic is taken away goes on from there.
 */
import { pause } from '../connect/budget.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Position } from '../connect/record.ts'
import { partitionId } from './offset-records.ts'
import type { AlteredOffset, EncodedOffset, Resume, SourceOffsetsState, SourceOffsetsStore } from './source-offsets.ts'

/** A store that offsets can be written to beside its own tasks. */
export interface FallbackStore extends SourceOffsetsStore {
  append(state: SourceOffsetsState, offsets: readonly AlteredOffset[]): Promise<void>
}

/** How long a seal waits for the worker's topic, in ms. */
const COPY_MS = 2_000

export class OwnOffsets implements SourceOffsetsStore {
  readonly #own: FallbackStore
  readonly #shared: FallbackStore
  readonly #log: Pick<PluginLog, 'warn'>

  constructor(own: FallbackStore, shared: FallbackStore, log: Pick<PluginLog, 'warn'>) {
    this.#own = own
    this.#shared = shared
    this.#log = log
  }

  async resume(connector: string, options: Resume): Promise<OwnState> {
    const [own, shared] = await Promise.all([
      this.#own.resume(connector, options),
      this.#shared.resume(connector, options),
    ])
    return new OwnState(own, shared)
  }

  async seal(connector: string, task: number, generation: number, state: SourceOffsetsState): Promise<void> {
    if (!(state instanceof OwnState)) throw new TypeError("The state is not one of this store's")
    const { own, shared, changed } = state
    await this.#own.seal(connector, task, generation, own)
    if (changed.length === 0) return
    const copied = this.#copy(connector, shared, changed).then(async () => {
      await shared.catchUp()
      await this.#shared.seal(connector, task, generation, shared)
    })
    await Promise.race([copied, pause(COPY_MS)])
  }

  /** Tombstones go to the worker's topic first: else its offsets would show through where the own topic has none. */
  async alter(connector: string, offsets: readonly AlteredOffset[]): Promise<void> {
    const { own, shared } = await this.resume(connector, { afterCleanEnd: false })
    const gone = offsets.filter(({ offset }) => offset === null)
    await this.#shared.append(shared, gone)
    await this.#own.append(own, offsets)
    await this.#copy(
      connector,
      shared,
      offsets.filter(({ offset }) => offset !== null),
    )
  }

  async confirm(connector: string): Promise<number> {
    await this.#own.confirm(connector)
    const state = await this.resume(connector, { afterCleanEnd: true })
    const offsets = state.all()
    await this.#copy(connector, state.shared, offsets)
    return offsets.length
  }

  confirmOverlaid(connector: string): Promise<void> {
    return this.#own.confirmOverlaid(connector)
  }

  forget(connector: string): Promise<void> {
    return this.#own.forget(connector)
  }

  withOwn(...args: Parameters<SourceOffsetsStore['withOwn']>): SourceOffsetsStore {
    return this.#shared.withOwn(...args)
  }

  close(): Promise<void> {
    return this.#own.close()
  }

  /** As in Connect no reason to fail: the own topic has them. */
  async #copy(connector: string, state: SourceOffsetsState, offsets: readonly AlteredOffset[]): Promise<void> {
    try {
      await this.#shared.append(state, offsets)
    } catch (error) {
      this.#log.warn("offsets could not be copied to the worker's offsets topic", {
        connector,
        topic: state.topic,
        error: (error as Error).message,
      })
    }
  }
}

class OwnState implements SourceOffsetsState {
  readonly own: SourceOffsetsState
  readonly shared: SourceOffsetsState
  readonly #changed = new Map<string, AlteredOffset>()

  constructor(own: SourceOffsetsState, shared: SourceOffsetsState) {
    this.own = own
    this.shared = shared
  }

  get topic(): string {
    return this.own.topic
  }

  /** What the task has committed. */
  get changed(): readonly AlteredOffset[] {
    return [...this.#changed.values()]
  }

  get(partition: Position): Position | undefined {
    return this.own.get(partition) ?? this.shared.get(partition)
  }

  all(): { readonly partition: Position; readonly offset: Position }[] {
    const fallback = this.shared.all().filter(({ partition }) => this.own.get(partition) === undefined)
    return [...this.own.all(), ...fallback]
  }

  encode(partition: Position, offset: Position | null): EncodedOffset {
    return this.own.encode(partition, offset)
  }

  put(partition: Position, offset: Position | null): void {
    this.own.put(partition, offset)
    this.#changed.set(partitionId(partition), { partition, offset })
  }

  overlaid(producerId: number | null): readonly AlteredOffset[] {
    return this.own.overlaid(producerId)
  }

  get isDecided(): boolean {
    return this.own.isDecided
  }

  async catchUp(): Promise<void> {
    await Promise.all([this.own.catchUp(), this.shared.catchUp()])
  }
}
