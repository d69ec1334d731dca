/**
 * The instances of one function and the invocations that wait for one. Waiting is first come, first served; an idle
 * instance is taken last in, first out, so that what isn't needed falls idle and is reaped.
 */
import { availableParallelism } from 'node:os'
import { type FunctionConfig, failed, type Outcome } from './function-config.ts'
import { Instance, type InstanceOptions, type Invocation } from './instance.ts'

/** Lambda's account limit. */
const CONCURRENCY = 1000
/** More at once would only wait for the processors; what starts later may find a warm instance instead. */
const STARTS_AT_ONCE = Math.max(2, availableParallelism())
/** Bytes that stay free: below it no more than a few instances are started, and invocations wait for a warm one. */
const RESERVE = 512 * 1024 * 1024
const FEW = 4
/** A bundle that can't be loaded is not tried again and again for the sake of a spare. */
const SPARE_BACKOFF_MS = 5_000

export class FunctionPool {
  readonly config: FunctionConfig
  readonly #options: InstanceOptions
  /** Called before anything is handed out: kills what is overdue, in every pool. */
  readonly #beforeHandOut: () => void
  readonly #pending: Invocation[] = []
  readonly #instances = new Set<Instance>()
  readonly #waitingForRoom: (() => void)[] = []
  readonly #starts = new Set<Promise<void>>()
  #starting = 0
  #sparesFrom = 0
  #stopped = false

  constructor(config: FunctionConfig, options: InstanceOptions, beforeHandOut: () => void) {
    this.config = config
    this.#options = options
    this.#beforeHandOut = beforeHandOut
    this.#startSpares()
  }

  get instances(): ReadonlySet<Instance> {
    return this.#instances
  }

  /** Whether an invocation would stay within the concurrency limit. */
  get hasRoom(): boolean {
    return this.#busy() + this.#pending.length < (this.config.concurrency ?? CONCURRENCY)
  }

  /** Resolves once there is room. */
  async room(): Promise<void> {
    while (!this.hasRoom) await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve))
  }

  /** Always resolves, with the function's answer or its failure. */
  invoke(requestId: string, payload: Uint8Array): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        resolve(outcome)
        queueMicrotask(() => this.#roomChanged())
      }
      if (this.#stopped) return settle(failed('ServiceException', 'The local cloud is going down'))
      this.#pending.push({ requestId, payload, settle })
      this.#handOut()
    })
  }

  killOverdue(): void {
    for (const instance of this.#instances) instance.killIfOverdue()
  }

  killTooLarge(): void {
    for (const instance of this.#instances) instance.killIfTooLarge()
  }

  /** Invocations that wait for memory to become free. */
  retry(): void {
    if (this.#pending.length > 0) this.#handOut()
  }

  /** Ends what has been idle for longer than `idleMs`, but for what is to be kept. */
  reap(idleMs: number): void {
    const idle = [...this.#instances].filter((instance) => instance.state === 'idle')
    const keep = Math.max(this.config.keep ?? 0, this.config.spare ?? 0)
    const surplus = idle.sort((a, b) => b.since - a.since).slice(keep)
    for (const instance of surplus) if (Date.now() - instance.since > idleMs) instance.kill()
  }

  /** Asks running invocations to end (SIGTERM), kills what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    for (const invocation of this.#pending.splice(0))
      invocation.settle(failed('ServiceException', 'The local cloud is going down'))
    await Promise.all(this.#starts)
    const all = [...this.#instances]
    for (const instance of all) instance.terminate()
    const timer = setTimeout(() => {
      for (const instance of this.#instances) instance.kill()
    }, graceMs)
    await Promise.all(all.map((instance) => instance.exited))
    clearTimeout(timer)
  }

  #busy(): number {
    let busy = 0
    for (const { running } of this.#instances) if (running !== null) busy++
    return busy
  }

  #handOut(): void {
    this.#beforeHandOut()
    while (this.#pending.length > 0) {
      const instance = this.#mostRecentlyIdle()
      if (instance === null) break
      const invocation = this.#pending.shift()
      if (invocation !== undefined) instance.run(invocation)
    }
    while (this.#starting < this.#pending.length && this.#mayStart()) this.#start()
    this.#startSpares()
  }

  #mostRecentlyIdle(): Instance | null {
    let best: Instance | null = null
    for (const instance of this.#instances)
      if (instance.state === 'idle' && (best === null || instance.since > best.since)) best = instance
    return best
  }

  #startSpares(): void {
    if (this.#stopped || Date.now() < this.#sparesFrom) return
    let fresh = this.#starting - this.#pending.length
    for (const { state } of this.#instances) if (state === 'idle') fresh++
    for (; fresh < (this.config.spare ?? 0) && this.#mayStart(); fresh++) this.#start()
  }

  #mayStart(): boolean {
    if (this.#starting >= STARTS_AT_ONCE) return false
    // Elsewhere what could be freed isn't counted.
    const hasMemory = process.platform !== 'linux' || process.availableMemory() > RESERVE
    return hasMemory || this.#instances.size + this.#starting < FEW
  }

  #start(): void {
    this.#starting++
    const events = { idle: (instance: Instance) => this.#idle(instance), gone: this.#gone.bind(this) }
    const start = Instance.start(this.config, this.#options, events).then(
      (instance) => void this.#instances.add(instance),
      (error: unknown) => this.#startFailed(failed('ServiceException', String(error))),
    )
    this.#starts.add(start)
    void start.then(() => this.#starts.delete(start))
  }

  #idle(instance: Instance): void {
    if (instance.invocations === 0) this.#starting--
    if (this.#stopped) instance.kill()
    this.#handOut()
    instance.freeze()
    this.#roomChanged()
  }

  #gone(instance: Instance, initFailure: Outcome | null): void {
    this.#instances.delete(instance)
    if (initFailure !== null) this.#startFailed(initFailure)
    else this.#handOut()
    this.#roomChanged()
  }

  /** The invocation that waited for the instance fails with it. */
  #startFailed(outcome: Outcome): void {
    this.#starting--
    this.#sparesFrom = Date.now() + SPARE_BACKOFF_MS
    this.#pending.shift()?.settle(outcome)
    this.#handOut()
  }

  #roomChanged(): void {
    if (this.hasRoom) this.#waitingForRoom.shift()?.()
  }
}
