/**
 * One world under a seed: the runtime's own coordinator, slices and state over simulated Kafka, table and platform,
 * with faults for a while and then time to settle.
 */

import { type Connector, sink, source } from '../../lib/connect/plugin.ts'
import type { RawConfig } from '../../lib/connect/settings.ts'
import type { CoordinatorDeps } from '../../lib/coordinator/deps.ts'
import { type CoordinatorEvent, handle } from '../../lib/coordinator/events.ts'
import { Secrets } from '../../lib/observe/secrets.ts'
import { Begun } from '../../lib/slice/begun.ts'
import { currentTask } from '../../lib/slice/current-task.ts'
import { follow } from '../../lib/slice/resume-source.ts'
import { runSlice, type SliceDeps } from '../../lib/slice/slice.ts'
import type { Prepared, TaskRun } from '../../lib/slice/task-run.ts'
import { type State, stateOver } from '../../lib/state/open.ts'
import type { SourceOffsetsState } from '../../lib/state/source-offsets.ts'
import { NO_USAGE } from '../../lib/state/usage.ts'
import { ASSIGNMENT, parseAssignment, sinkGroup } from '../../lib/worker/assignment.ts'
import { connectorSettings } from '../../lib/worker/connector-settings.ts'
import type { TaskEvent } from '../../lib/worker/events.ts'
import { isExactlyOnce, transactionalId } from '../../lib/worker/guarantee.ts'
import { LOCAL_DEFAULTS, worker as parseWorker } from '../../lib/worker/settings.ts'
import { simulatedCluster } from './cluster.ts'
import { type Entry, SimulatedKafka } from './kafka.ts'
import { Ledger } from './ledger.ts'
import { simulatedMembers } from './members.ts'
import { Platform } from './platform.ts'
import { SimulatedTable } from './table.ts'
import { beginSource, simulatedDelivery, startSink, startSource } from './tasks.ts'
import type { World } from './world.ts'

export const SOURCE_PARTITIONS = 3
const SLICE_MS = 3_000
/** The slice, and what is kept back for its drain and seal. */
const TIMEOUT_MS = SLICE_MS + 9_500
const PACE = { sliceMs: SLICE_MS, idleMaxMs: 1_000, heirLeadMs: 1_000, lookMs: 500, progressMs: 1_000, stallMs: -1 }

const WORKER = parseWorker({
  ...LOCAL_DEFAULTS,
  'bootstrap.servers': 'simulated:9092',
  'penstock.restart.max.attempts': '-1',
  'penstock.restart.delay.ms': '200',
  'penstock.restart.delay.max.ms': '1000',
  'topic.tracking.enable': 'false',
})

/** What an instance of the coordinator keeps from one pass to the next. */
type Memory = Pick<CoordinatorDeps, 'state' | 'splitFailures' | 'joinFailures' | 'wakes' | 'idle'>

export interface Options {
  readonly exactlyOnce: boolean
  readonly reset: 'earliest' | 'latest'
  /** How many rows a partition of the source has by now. */
  readonly rows: (partition: number) => number
}

export class Simulation {
  readonly world: World
  readonly kafka: SimulatedKafka
  readonly table: SimulatedTable
  readonly ledger: Ledger
  readonly platform: Platform
  readonly #options: Options
  readonly #worker = WORKER
  /** Instances of the coordinator that have no pass. */
  readonly #free: Memory[] = []

  constructor(world: World, options: Options) {
    this.world = world
    this.#options = options
    this.kafka = new SimulatedKafka(world)
    this.ledger = new Ledger(world)
    this.table = new SimulatedTable(world, (before, after) => this.ledger.leaseChanged(before, after))
    this.platform = new Platform(world, this.ledger, TIMEOUT_MS, () => ({
      task: (event, invocation) => runSlice(event, invocation, this.#sliceDeps()),
      coordinator: (event) => this.#coordinate(event),
      lease: (connector, task) => this.table.lease(connector, task),
    }))
    this.kafka.onAppend = (key, value, by) => this.ledger.published(key, value, by)
    const { configs, offsets, status } = this.#worker.topics
    this.kafka.create(configs, 1)
    this.kafka.create(status, 2)
    this.kafka.create(offsets, 2)
    this.kafka.create('rows', SOURCE_PARTITIONS)
  }

  /** As the functions open it: nothing of it is shared but the topics and the table. */
  state(): State {
    const { kafka, table } = this
    const { configs, offsets, status } = this.#worker.topics
    return stateOver({
      table,
      configLog: kafka.log(configs),
      statusLog: kafka.log(status),
      offsetsTopic: kafka.offsetsTopic(offsets),
      ensureTopics: async () => {},
    })
  }

  /** In an instance that has no pass, with what it remembers; in a cold one where there is none, and sometimes instead. */
  async #coordinate(event: CoordinatorEvent): Promise<void> {
    const kept = this.#free.splice(this.world.between(0, this.#free.length - 1), 1)
    const [known] = this.world.chance(0.1) ? [] : kept
    if (known === undefined) this.world.met('pass without memory')
    const memory = known ?? this.#cold()
    try {
      await this.#pass(memory, event)
    } finally {
      this.#free.push(memory)
    }
  }

  #cold(): Memory {
    const maps = { splitFailures: new Map(), joinFailures: new Map(), wakes: new Map(), idle: new Map() }
    return { state: this.state(), ...maps }
  }

  #pass(memory: Memory, event: CoordinatorEvent): Promise<void> {
    return handle(
      {
        worker: this.#worker,
        workerId: 'penstock',
        events: this.platform.events,
        cluster: async () => simulatedCluster(this.kafka),
        connector: async (name) => this.#connector(name),
        clock: Date.now,
        log: this.#log(),
        secrets: new Secrets(),
        groups: simulatedMembers(this.kafka),
        beside: new Set(),
        ...memory,
      },
      event,
    )
  }

  #sliceDeps(): SliceDeps {
    const state = this.state()
    return {
      state,
      events: this.platform.events,
      open: (event) => this.#prepare(state, event),
      workerId: 'penstock',
      log: this.#log(),
      scrub: (text) => text,
      pace: () => PACE,
      used: () => NO_USAGE,
      shutdown: new AbortController().signal,
      look: async () => ({ kind: 'penstock' }),
    }
  }

  async #prepare(state: State, event: TaskEvent): Promise<Prepared | null> {
    const current = currentTask(await state.configs.view(event.connector), event)
    if (current === null) return null
    const { view, config, taskConfig } = current
    const settings = connectorSettings(config, this.#worker)
    const connector = this.#connector(settings.class)
    const { kafka, ledger } = this
    if (connector.kind === 'sink') {
      const group = sinkGroup(event.connector, settings.consumerOverrides)
      const assignment = parseAssignment(taskConfig[ASSIGNMENT] ?? '')
      const { reset } = this.#options
      const options = { kafka, ledger, event, group, assignment, reset }
      return {
        ...{ view, settings, connector, warm() {} },
        ...this.#begun(
          () => startSink({ ...options, owned: false }),
          () => startSink({ ...options, owned: true }),
        ),
      }
    }
    const exactly = isExactlyOnce(this.#worker, connector, config)
    const id = exactly ? transactionalId(this.#worker, event.connector, event.task) : null
    let early: Promise<SourceOffsetsState | null> = Promise.resolve(null)
    const warm: Prepared['warm'] = (waiting) => {
      early = follow(state.offsets, event, waiting).catch(() => null)
    }
    const options = async () => ({
      ...{ ledger, state, event, early: await early, delivery: simulatedDelivery(kafka, id) },
      topic: 'rows',
      offsetsTopic: this.#worker.topics.offsets,
      partitions: (taskConfig['partitions'] ?? '').split(',').map(Number),
      rows: this.#options.rows,
      committed: (partitions: readonly number[]) => this.#committed(event.connector, partitions),
    })
    return {
      ...{ view, settings, connector, warm },
      ...this.#begun(
        async () => beginSource(await options()),
        async (lease) => startSource({ ...(await options()), lease }),
      ),
    }
  }

  #begun(begin: () => Promise<TaskRun | null>, start: Prepared['start']): Pick<Prepared, 'begin' | 'start' | 'giveUp'> {
    const begun = new Begun(this.#log())
    let asked = false
    return {
      begin: (time) => {
        asked = true
        begun.begin(time, begin)
      },
      start: async (lease, time) => {
        if (!lease.clean && lease.slices > 0) this.world.met('went on after an unclean end')
        const taken = await begun.take(lease, time)
        if (asked) this.world.met(taken === null ? 'begun ahead in vain' : 'begun ahead')
        asked = false
        return taken ?? (await start(lease, time))
      },
      giveUp: async () => {
        if (asked) this.world.met('begun ahead and given up')
        asked = false
        await begun.giveUp()
      },
    }
  }

  /** The newest offsets of these partitions that are committed. */
  #committed(connector: string, partitions: readonly number[]): Map<number, number> {
    const found = new Map<number, number>()
    const logs = this.kafka.partitions(this.#worker.topics.offsets)
    for (const p of partitions) {
      const own = JSON.stringify([connector, { p }])
      const counts = ({ key, transaction }: Entry) => key === own && transaction?.state !== 'aborted'
      const last = logs.map((log) => log.findLast(counts)).find((entry) => entry !== undefined)
      if (last?.value != null) found.set(p, (JSON.parse(last.value) as { n: number }).n)
    }
    return found
  }

  #connector(name: string): Connector {
    return name === 'DatagenConnector' ? this.#source : SINK
  }

  readonly #source = source({
    class: 'DatagenConnector',
    taskClass: 'Task',
    version: '1',
    doc: 'Reads the rows of a simulated source.',
    settings: {},
    exactlyOnce: () => this.#options.exactlyOnce,
    async split(_, raw, maxTasks) {
      const tasks = Math.min(maxTasks, SOURCE_PARTITIONS)
      return Array.from({ length: tasks }, (_, task): RawConfig => {
        const own = Array.from({ length: SOURCE_PARTITIONS }, (_, p) => p).filter((p) => p % tasks === task)
        return { ...raw, partitions: own.join(',') }
      })
    },
    start: () => Promise.reject(new Error('A simulated task is started by the simulation')),
  })

  #log(): SliceDeps['log'] {
    const say = (level: string) => (message: string, fields?: object) => {
      const error = (fields as { readonly error?: string } | undefined)?.error
      this.world.note(`${level}: ${message}${error === undefined ? '' : ` (${error})`}`)
    }
    return { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error'), add: () => {} }
  }
}

const SINK = sink({
  class: 'FileStreamSink',
  taskClass: 'Task',
  version: '1',
  doc: 'Writes to a simulated target.',
  settings: {},
  start: () => Promise.reject(new Error('A simulated task is started by the simulation')),
})
