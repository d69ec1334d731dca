/** Changes by REST midway: each leaves the connector running. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './load.ts'
import type { Connector, World } from './world.ts'

export interface Change {
  readonly name: string
  run(world: World): Promise<string>
}

export const CHANGES: readonly Change[] = [
  { name: 'tasks.max changed', run: (world) => onOne(world, severalTasks, tasksChanged) },
  { name: 'transform added or removed', run: (world) => onOne(world, any, transformToggled) },
  { name: 'paused and resumed', run: (world) => onOne(world, any, (connector) => halted(world, connector, 'pause')) },
  { name: 'stopped and resumed', run: (world) => onOne(world, any, (connector) => halted(world, connector, 'stop')) },
  { name: 'restarted', run: (world) => onOne(world, any, restarted(world)) },
  { name: 'deleted and created again', run: (world) => onOne(world, any, recreated(world)) },
]

/** A file has one reader, and one writer keeps the order of its lines. */
const severalTasks = ({ config }: Connector) => config['tasks.max'] !== undefined && config['tasks.max'] !== '1'
const any = () => true

function onOne(
  world: World,
  which: (connector: Connector) => boolean,
  change: (connector: Connector, world: World) => Promise<string>,
): Promise<string> {
  const connector = world.dice.pick(world.connectors.filter(which))
  return world.inTurn(connector.name, async () => `${connector.name}: ${await change(connector, world)}`)
}

async function tasksChanged(connector: Connector, world: World): Promise<string> {
  const tasks = connector.config['tasks.max'] === '2' ? '3' : '2'
  await configured(world, connector, { ...connector.config, 'tasks.max': tasks })
  return `${tasks} tasks`
}

const ADDED: Config = {
  'transforms.added.type': 'org.apache.kafka.connect.transforms.InsertHeader',
  'transforms.added.header': 'added',
  'transforms.added.value.literal': 'yes',
}

async function transformToggled(connector: Connector, world: World): Promise<string> {
  const { transforms = '', ...config } = connector.config
  const others = transforms.split(',').filter((name) => name !== 'added' && name !== '')
  if (transforms.includes('added')) {
    const left = Object.entries(config).filter(([key]) => !(key in ADDED))
    const kept = others.length === 0 ? {} : { transforms: others.join(',') }
    await configured(world, connector, { ...Object.fromEntries(left), ...kept })
    return 'removed'
  }
  await configured(world, connector, { ...config, ...ADDED, transforms: [...others, 'added'].join(',') })
  return 'added'
}

async function configured(world: World, connector: Connector, config: Config): Promise<void> {
  await world.change(connector, 'PUT', `/connectors/${connector.name}/config`, config)
  connector.config = config
}

async function halted(world: World, connector: Connector, how: 'pause' | 'stop'): Promise<string> {
  const ms = world.dice.between(200, 4_000)
  await world.change(connector, 'PUT', `/connectors/${connector.name}/${how}`)
  await sleep(ms)
  await world.change(connector, 'PUT', `/connectors/${connector.name}/resume`)
  return `for ${ms} ms`
}

function restarted(world: World): (connector: Connector) => Promise<string> {
  return async (connector) => {
    await world.change(connector, 'POST', `/connectors/${connector.name}/restart?includeTasks=true`)
    return 'with its tasks'
  }
}

/** Its offsets stay, as in Connect. */
function recreated(world: World): (connector: Connector) => Promise<string> {
  return async (connector) => {
    const { name, config } = connector
    const ms = world.dice.between(0, 2_000)
    await world.change(connector, 'DELETE', `/connectors/${name}`, undefined, 404)
    await sleep(ms)
    await world.change(connector, 'POST', '/connectors', { name, config }, 409)
    return `after ${ms} ms`
  }
}
