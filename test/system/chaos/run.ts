/** A chaos run from its start to its report. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseLogLine } from '../../../lib/observe/log-line.ts'
import { until } from '../penstock.ts'
import { handOverGaps, type Read } from '../topic.ts'
import type { Arrived } from './arrived.ts'
import { check, logLines } from './checks.ts'
import { Dice } from './dice.ts'
import { FAULTS, type Fault } from './faults.ts'
import { isDoubled, type Kill, killOwner, longestSilence, nextRecords, owners, type Silence, send } from './kills.ts'
import { explained, settle } from './settle.ts'
import { World } from './world.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly sliceMs: number
  /** At first nothing is broken: the gaps between slices are measured. */
  readonly quietMs: number
  /** Then owners are killed one after the other, with nothing else broken: the time to the next record is measured. */
  readonly kills: number
  /** Then so many faults in so many ms. */
  readonly faults: number
  readonly faultsMs: number
  /** Told as it happens. */
  readonly tell: (line: string) => void
}

export interface Recovery {
  readonly connector: string
  readonly alone: boolean
  /** Ms to the next record, ascending; null, at the end, where none came. */
  readonly times: readonly (number | null)[]
}

export interface ChaosReport {
  /** How often each came. */
  readonly faults: ReadonlyMap<string, number>
  /** Invocations that left because another one had the task. */
  readonly leftAlone: number
  /** Ms between slices while nothing was broken, by connector, ascending. */
  readonly gaps: ReadonlyMap<string, readonly number[]>
  readonly recoveries: readonly Recovery[]
  /** The longest time without a record of a task, whatever was broken, by topic. */
  readonly silences: ReadonlyMap<string, Silence>
  /** Epoch ms. */
  readonly began: number
  readonly arrived: ReadonlyMap<string, Arrived>
  readonly problems: readonly string[]
}

const FLOW_MS = 90_000
/** How often a fault is tried again that finds nothing to break. */
const TRIES = 10

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const began = Date.now()
  const tell = (line: string) => options.tell(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const world = await World.start({ dice: new Dice(options.seed), sliceMs: options.sliceMs, tell })
  let broke = true
  try {
    await flowing(world)
    tell('records flow')
    await sleep(options.quietMs)
    const brokenFrom = Date.now()
    const kills = await killAlone(world, options.kills)
    const { faults, problems } = await breakThings(world, options, kills)
    tell('no more faults')
    await settle(world)
    tell('settled')
    const checked = await check(world)
    tell('checked')
    problems.push(...checked.problems)
    const log = await logLines(world.clouds['exactly-once'].folder)
    const quiet = log.filter((line) => Date.parse(parseLogLine(line)?.time ?? '') < brokenFrom).join('\n')
    const gaps = new Map(['events', 'events-file'].map((name) => [name, handOverGaps(quiet, name)]))
    const leftAlone = log.filter((line) => line.includes('left: another invocation has this task')).length
    const silences = new Map([...checked.topics].map(([topic, records]) => [topic, longestSilence(records)]))
    const recoveries = await recoveriesOf(kills, checked.topics)
    if (problems.length > 0) await world.keep(checked.topics)
    broke = false
    const left = await world.stop()
    if (left.length > 0) problems.push(`processes left behind: ${left.join(' ')}`)
    tell('ended')
    return { faults, leftAlone, began, gaps, recoveries, silences, arrived: checked.arrived, problems }
  } finally {
    if (broke) {
      await world.keep(new Map())
      await world.stop()
    }
  }
}

async function flowing(world: World): Promise<void> {
  for (const connector of world.connectors)
    await explained(connector, () =>
      until(`records of ${connector.name}`, FLOW_MS, async () => {
        const { tasks = [] } = await connector.penstock.progress(connector.name)
        return tasks.some(({ counters }) => counters.written > 0)
      }),
    )
}

/** The owners of a source and of a sink in turns, each once the one before has gone on. */
async function killAlone(world: World, count: number): Promise<Kill[]> {
  const measured = world.connectors.filter(({ topic }) => topic === 'events')
  const kills: Kill[] = []
  while (kills.length < count) {
    const connector = measured[kills.length % measured.length]
    if (connector === undefined) break
    const victim = await until(`an owner of ${connector.name}`, FLOW_MS, async () => {
      const found = await owners([connector])
      return found.length > 0 && world.dice.pick(found)
    })
    if (await isDoubled(world, victim)) {
      await sleep(world.sliceMs)
      continue
    }
    const kill = killOwner(world, victim, true)
    if (kill === null) continue
    kills.push(kill)
    world.tell(`${connector.name}-${victim.task} killed, and nothing else broken`)
    await until(`${connector.name} to go on`, FLOW_MS, async () => {
      const found = await owners([connector])
      return !send(victim.pid, 0) && found.some(({ task }) => task === victim.task)
    })
    await sleep(world.dice.between(1_500, 3_000))
  }
  return kills
}

/** Some last while others come. */
async function breakThings(
  world: World,
  { faults: count, faultsMs }: ChaosOptions,
  kills: Kill[],
): Promise<{ readonly faults: ReadonlyMap<string, number>; readonly problems: string[] }> {
  const faults = new Map<string, number>()
  const problems: string[] = []
  if (kills.length > 0) faults.set('owner killed, nothing else broken', kills.length)
  const running = chosen(world.dice, count).map(async (fault, place) => {
    await sleep(((place + world.dice.unit()) * faultsMs) / count)
    try {
      const done = await tried(() => fault.run(world, kills))
      if (done === null) return world.tell(`${fault.name}: nothing there to break`)
      faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1)
      world.tell(`${fault.name}: ${done}`)
    } catch (error) {
      problems.push(`${fault.name}: ${(error as Error).message}`)
    }
  })
  await Promise.all(running)
  return { faults, problems }
}

/** Each once, in any order, then by their weights. */
function chosen(dice: Dice, count: number): readonly Fault[] {
  const weighted = FAULTS.flatMap((fault) => new Array<Fault>(fault.weight).fill(fault))
  const more = Array.from({ length: Math.max(0, count - FAULTS.length) }, () => dice.pick(weighted))
  return [...dice.shuffled(FAULTS), ...more].slice(0, count)
}

async function tried(fault: () => Promise<string | null>): Promise<string | null> {
  for (let i = 0; i < TRIES; i++, await sleep(300)) {
    const done = await fault()
    if (done !== null) return done
  }
  return null
}

async function recoveriesOf(
  kills: readonly Kill[],
  topics: ReadonlyMap<string, readonly Read[]>,
): Promise<readonly Recovery[]> {
  const recoveries: Recovery[] = []
  for (const [what, some] of Map.groupBy(kills, ({ connector, alone }) => `${connector} ${alone}`)) {
    const [connector = '', alone] = what.split(' ')
    const topic = topics.get(connector)
    // Of a table nobody sees from outside when a row came.
    if (topic === undefined && connector !== 'events-file') continue
    const times = topic === undefined ? await Promise.all(some.map(({ lineMs }) => lineMs)) : nextRecords(some, topic)
    recoveries.push({
      connector,
      alone: alone === 'true',
      times: times.sort((a, b) => (a ?? Infinity) - (b ?? Infinity)),
    })
  }
  return recoveries
}
