/** What happens in the world of a seed: its connectors, its load, its faults; and what must be so at its end. */
import { pause } from '../../lib/connect/budget.ts'
import { ConnectError } from '../../lib/connect/errors.ts'
import type { ConfigRecord, TargetState } from '../../lib/state/config-records.ts'
import { TableGone } from '../../lib/state/table.ts'
import type { Counts } from './coverage.ts'
import type { TaskHost } from './ledger.ts'
import { KILLED } from './platform.ts'
import { Simulation, SOURCE_PARTITIONS } from './simulation.ts'
import { type Host, World } from './world.ts'

/** Faults end after this, in ms. */
const FAULTS_MS = 9_000
/** By then all must be well again: a timeout, the margin for clocks and the schedule's period, one after the other. */
const SETTLE_MS = 38_000
/** How often it is looked whether all is well, so that the world can end. */
const LOOK_MS = 1_000
/** What came this long before a look must have arrived, in ms. */
const ARRIVED_MS = 2_000
const ROWS_PER_S = 16
/** Mostly one: connectors have little to do with each other. */
const CONNECTORS = [['source'], ['source'], ['sink'], ['sink'], ['source', 'sink']] as const

export interface Outcome {
  /** The invariant that didn't hold; null: all did. */
  readonly violation: string | null
  readonly history: readonly string[]
  readonly counts: Counts
}

export async function runWorld(seed: number): Promise<Outcome> {
  const world = new World(seed)
  using _ = world.enter()
  const scenario = new Scenario(world)
  scenario.begin()
  let violation = await world.run(FAULTS_MS)
  for (let end = FAULTS_MS + ARRIVED_MS; violation === null; end += LOOK_MS) {
    violation = await world.run(end)
    const missing = violation === null ? scenario.missing() : []
    if (missing.length === 0) break
    if (end >= FAULTS_MS + SETTLE_MS) violation = missing.join('; ')
  }
  return { violation, history: world.history, counts: world.counts }
}

interface Wanted {
  target: TargetState | 'DELETED'
  tasks: number
}

class Scenario {
  readonly #world: World
  readonly #simulation: Simulation
  readonly #exactlyOnce: boolean
  readonly #wanted = new Map<string, Wanted>()
  /** A source that pauses between bursts is idle at times. */
  readonly #burstMs: number
  #writes: Promise<unknown> = Promise.resolve()
  #pending = 0

  constructor(world: World) {
    this.#world = world
    this.#exactlyOnce = world.chance(0.7)
    this.#burstMs = world.pick([0, 0, 2_500]) ?? 0
    const reset = world.pick(['earliest', 'latest'] as const) ?? 'earliest'
    const rows = () => this.#rowsAt(world.now)
    this.#simulation = new Simulation(world, { exactlyOnce: this.#exactlyOnce, reset, rows })
    if (reset === 'earliest') this.#growing = world.chance(0.3)
  }

  readonly #growing: boolean = false
  readonly #begun = Date.now()

  #rowsAt(now: number): number {
    const elapsed = now - this.#begun
    if (this.#burstMs === 0) return Math.floor((elapsed * ROWS_PER_S) / 1_000)
    const bursts = Math.floor(elapsed / (2 * this.#burstMs))
    const within = Math.min(this.#burstMs, elapsed - bursts * 2 * this.#burstMs)
    return Math.floor(((bursts * this.#burstMs + within) * ROWS_PER_S) / 1_000)
  }

  begin(): void {
    const world = this.#world
    const kinds = world.pick(CONNECTORS) ?? []
    this.#simulation.kafka.create('input', world.between(1, 2))
    for (const kind of kinds) this.#want(kind, { target: 'STARTED', tasks: world.between(1, 2) })
    this.#feed()
    this.#storm()
    world.after(FAULTS_MS, () => this.#calm())
  }

  /** What is not yet as it must be when the faults are over. */
  missing(): string[] {
    const { kafka, ledger, platform } = this.#simulation
    const until = this.#world.now - ARRIVED_MS
    const missing: (string | null)[] = [
      this.#pending > 0 ? 'a change of a connector was not answered' : null,
      platform.isWaiting ? 'an instance is frozen' : null,
    ]
    for (const [name, { target }] of this.#wanted) {
      if (target !== 'STARTED') missing.push(ledger.running(name))
      if (name === 'sink' && target === 'STARTED')
        for (const partition of kafka.partitions('input').keys())
          missing.push(ledger.sinkLacks(name, partition, kafka, 'input', until))
      if (name !== 'source') continue
      const rows = target === 'STARTED' ? this.#rowsAt(until) : 0
      for (let partition = 0; partition < SOURCE_PARTITIONS; partition++) {
        const values = kafka.committed('rows', partition).map(({ entry }) => entry.value ?? '')
        missing.push(ledger.sourceLacks(name, partition, values, rows, this.#exactlyOnce))
      }
    }
    return missing.filter((one) => one !== null)
  }

  /** What others write to the sink's topic: steadily, or in bursts. */
  #feed(): void {
    const world = this.#world
    const { kafka } = this.#simulation
    let n = 0
    const next = () => {
      const partitions = kafka.partitions('input')
      for (const partition of partitions.keys()) kafka.append('input', partition, '', `${partition}:${n}`)
      n++
      const quiet = this.#burstMs > 0 && world.chance(0.1)
      world.afterQuietly(quiet ? 2_500 : world.between(30, 120), next)
    }
    world.afterQuietly(world.between(0, 4_000), next)
  }

  /** Faults, one after the other, each as the seed has it. */
  #storm(): void {
    const world = this.#world
    const { platform, table, kafka } = this.#simulation
    const { weather } = platform
    weather.skewMs = world.pick([0, 0, 500, 2_000]) ?? 0
    if (world.chance(0.4)) kafka.slow = 0.1
    if (world.chance(0.5)) Object.assign(weather, { loses: 0.05, doubles: 0.15, delays: 0.1, delayMs: 4_000 })
    const faults: readonly (() => void)[] = [
      () => this.#hit((host) => platform.kill(host, KILLED)),
      () => this.#hit((host) => platform.freeze(host, world.between(200, 15_000))),
      () =>
        this.#during(
          1_500,
          () => (table.weather.refuses = 0.5),
          () => (table.weather.refuses = 0),
        ),
      () =>
        this.#during(
          800,
          () => (kafka.down = true),
          () => (kafka.down = false),
        ),
      () => table.drop(),
      () => this.#pauseMachine(),
      () => this.#change(),
      () => this.#change(),
    ]
    const chosen = faults.filter(() => world.chance(0.5))
    const strike = () => {
      if (world.elapsedMs > FAULTS_MS) return
      world.pick(chosen)?.()
      world.after(world.between(300, 3_500), strike)
    }
    if (chosen.length > 0) world.after(world.between(300, 3_000), strike)
  }

  #calm(): void {
    const { platform, kafka } = this.#simulation
    kafka.slow = 0
    Object.assign(platform.weather, { loses: 0, doubles: 0, delays: 0 })
    this.#world.note('the faults are over')
  }

  #hit(strike: (host: TaskHost) => void): void {
    const host = this.#world.pick(this.#simulation.platform.targets())
    if (host !== undefined) strike(host)
  }

  #during(ms: number, begin: () => void, end: () => void): void {
    this.#world.note('a server is away')
    begin()
    this.#world.after(this.#world.between(100, ms), end)
  }

  /** Everything stands still; the clock doesn't. */
  #pauseMachine(): void {
    const { platform } = this.#simulation
    const ms = this.#world.between(1_000, 12_000)
    this.#world.met('machine stood still')
    for (const host of platform.bearing(ms)) platform.freeze(host, ms)
  }

  #change(): void {
    const world = this.#world
    const [name, wanted] = world.pick([...this.#wanted]) ?? []
    if (name === undefined || wanted === undefined || this.#pending > 0) return
    const tasks = world.between(1, 3)
    if (name === 'sink' && this.#growing && world.chance(0.5)) {
      const { kafka } = this.#simulation
      kafka.create('input', kafka.partitions('input').length + 1)
      world.met('partitions added')
      return
    }
    const target = world.pick(['STARTED', 'STARTED', 'PAUSED', 'STOPPED', 'DELETED'] as const) ?? 'STARTED'
    this.#want(name, { target, tasks })
    // Who pauses or deletes a connector mostly wants it back.
    if (target !== 'STARTED' && world.chance(0.8))
      world.after(world.between(500, 6_000), () => this.#want(name, { target: 'STARTED', tasks }))
  }

  #meet(before: Wanted | undefined, { target, tasks }: Wanted): void {
    if (before === undefined) return
    const world = this.#world
    if (target === 'STARTED' && before.target === 'DELETED') world.met('connector created again')
    else if (target === 'STARTED' && before.target !== 'STARTED') world.met('connector resumed')
    if (target !== 'STARTED') world.met(`connector ${CHANGES[target]}`)
    if (tasks !== before.tasks) world.met('tasks changed')
  }

  /** As a person does who asks until it is done; one wish after the other. */
  #want(name: string, wanted: Wanted): void {
    this.#meet(this.#wanted.get(name), wanted)
    this.#wanted.set(name, wanted)
    this.#pending++
    const host: Host = { name: 'REST', skewMs: 0, dead: false, held: null }
    this.#writes = this.#writes.then(
      () =>
        new Promise<void>((resolve) => {
          this.#world.deliver(host, () => {
            void this.#write(name, wanted).then(() => {
              this.#pending--
              resolve()
            })
          })
        }),
    )
  }

  async #write(name: string, { target, tasks }: Wanted): Promise<void> {
    const { platform } = this.#simulation
    const state = this.#simulation.state()
    this.#world.note(`${name} is to be ${target}, with ${tasks} tasks`)
    const config = { name, 'tasks.max': String(tasks), ...(name === 'sink' ? SINK : SOURCE) }
    const records: ConfigRecord[] =
      target === 'DELETED'
        ? [
            { kind: 'connector', connector: name, config: null },
            { kind: 'target-state', connector: name, state: null },
          ]
        : [
            { kind: 'target-state', connector: name, state: target },
            { kind: 'connector', connector: name, config },
          ]
    for (;;) {
      try {
        await state.configs.catchUp()
        const seen = await state.configs.view(name)
        const expected = seen === null ? { configPosition: null } : { configPosition: seen.configPosition }
        if ((await state.configs.write(name, expected, records)) === 'written') break
        this.#world.met('write conflicted')
      } catch (error) {
        if (error instanceof TableGone) await state.rebuild().catch(() => {})
        else if (!(error instanceof ConnectError)) throw error
      }
      await pause(this.#world.between(50, 500))
    }
    await platform.events.emit({ type: 'connector.changed', detail: { connector: name } })
  }
}

const CHANGES = { PAUSED: 'paused', STOPPED: 'stopped', DELETED: 'deleted' } as const
const SOURCE = { 'connector.class': 'DatagenConnector', 'kafka.topic': 'rows', quickstart: 'orders' }
const SINK = { 'connector.class': 'FileStreamSink', topics: 'input', file: '/simulated' }
