/** What is broken on purpose. Each fault resolves once it is over, with what it did; null: there was nothing to do it to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb'
import type { Instance } from '../penstock.ts'
import { CHANGES } from './changes.ts'
import { type Kill, killOwner, owners, send, type Victim } from './kills.ts'
import { TROUBLES, type Trouble } from './table-proxy.ts'
import type { World } from './world.ts'

export interface Fault {
  readonly name: string
  /** How often it comes among the others. */
  readonly weight: number
  run(world: World, kills: Kill[]): Promise<string | null>
}

/** Beyond the slice, an invocation has 10 s to its hard timeout. */
const PAST_DEADLINE_MS = 12_000

export const FAULTS: readonly Fault[] = [
  { name: 'owner killed', weight: 10, run: ownerKilled },
  { name: 'heir or idle task instance killed', weight: 2, run: (world) => functionKilled(world, isSpareTask) },
  { name: 'coordinator killed', weight: 2, run: (world) => functionKilled(world, isCoordinator) },
  { name: 'REST instance killed', weight: 2, run: (world) => functionKilled(world, isRest) },
  { name: 'owner frozen for a while', weight: 3, run: (world) => frozen(world, world.dice.between(500, 4_000)) },
  {
    name: 'owner frozen past its deadline',
    weight: 2,
    run: (world) => frozen(world, world.sliceMs + PAST_DEADLINE_MS),
  },
  { name: 'coordinator frozen', weight: 1, run: coordinatorFrozen },
  { name: 'broker killed and restarted', weight: 2, run: brokerRestarted },
  { name: 'table dropped', weight: 2, run: tableDropped },
  ...TROUBLES.map((trouble) => ({
    name: `table ${trouble}`,
    weight: 1,
    run: (world: World) => tableInTrouble(world, trouble),
  })),
  ...CHANGES.map(({ name, run }) => ({ name, weight: 2, run })),
]

async function ownerKilled(world: World, kills: Kill[]): Promise<string | null> {
  const victim = await oneOwner(world)
  const kill = victim === null ? null : killOwner(world, victim, false)
  if (kill === null) return null
  kills.push(kill)
  return `${kill.connector}-${kill.task}`
}

const isSpareTask = (one: Instance) => one.function === 'task' && one.state !== 'owner'
const isCoordinator = (one: Instance) => one.function === 'coordinator'
const isRest = (one: Instance) => one.function === 'rest'

async function functionKilled(world: World, which: (one: Instance) => boolean): Promise<string | null> {
  const instance = await oneOf(world, which)
  return instance !== null && send(instance.pid, 'SIGKILL') ? nameOf(instance) : null
}

async function frozen(world: World, ms: number): Promise<string | null> {
  const victim = await oneOwner(world)
  return victim === null ? null : freeze(victim, ms)
}

async function coordinatorFrozen(world: World): Promise<string | null> {
  const instance = await oneOf(world, isCoordinator)
  return instance === null ? null : freeze(instance, world.dice.between(2_000, 6_000))
}

async function freeze(instance: Instance, ms: number): Promise<string | null> {
  if (!send(instance.pid, 'SIGSTOP')) return null
  await sleep(ms)
  const lives = send(instance.pid, 'SIGCONT')
  return `${nameOf(instance)} for ${ms} ms, ${lives ? 'and it went on' : 'and it was killed meanwhile'}`
}

function brokerRestarted(world: World): Promise<string> {
  return world.inTurn('broker', async () => {
    const ms = world.dice.between(3_000, 6_000)
    await world.broker.kill()
    await sleep(ms)
    await world.broker.start()
    return `for ${ms} ms`
  })
}

function tableDropped(world: World): Promise<string | null> {
  return world.inTurn('table', async () => {
    const { table } = await world.dice.pick(Object.values(world.clouds)).local()
    const client = new DynamoDBClient(world.dynamo.config)
    try {
      await client.send(new DeleteTableCommand({ TableName: table }))
      return table
    } catch (error) {
      // Nobody has missed it since it was dropped before.
      if (error instanceof ResourceNotFoundException) return null
      throw error
    } finally {
      client.destroy()
    }
  })
}

function tableInTrouble(world: World, trouble: Trouble): Promise<string> {
  return world.inTurn('table', async () => {
    const ms = world.dice.between(1_000, 6_000)
    world.table.behave(trouble)
    await sleep(ms)
    world.table.behave(null)
    return `for ${ms} ms`
  })
}

async function oneOwner(world: World): Promise<Victim | null> {
  const all = await owners(world.connectors)
  return all.length === 0 ? null : world.dice.pick(all)
}

async function oneOf(world: World, which: (one: Instance) => boolean): Promise<Instance | null> {
  const cloud = world.dice.pick(Object.values(world.clouds))
  const { status, body } = await cloud.get('/penstock/instances')
  const all = status === 200 ? (body as Instance[]).filter(which) : []
  return all.length === 0 ? null : world.dice.pick(all)
}

function nameOf({ function: name, connector, task, pid }: Instance): string {
  return connector === null ? `${name} ${pid}` : `${connector}-${task}`
}
