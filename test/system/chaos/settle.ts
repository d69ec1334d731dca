/** The end of a chaos run: all that was written is read, nothing new is made, and what was made arrives. */
import { until } from '../penstock.ts'
import type { Connector, World } from './world.ts'

const SETTLE_MS = 180_000

/** Sources have read all and are paused. Fails with the state of the one that doesn't get there. */
export async function settle(world: World): Promise<void> {
  for (const connector of world.connectors) await world.change(connector, 'PUT', `/connectors/${connector.name}/resume`)
  const sources = world.connectors.filter(({ kind }) => kind === 'source')
  await Promise.all(Object.values(world.lines).map((lines) => lines.stop()))
  for (const connector of sources) {
    const lines = connector.name === 'events' ? null : world.lines[connector.name as keyof World['lines']]
    if (lines !== null) await reached(connector, lines.bytes)
    await shows(connector, 'RUNNING')
    await world.change(connector, 'PUT', `/connectors/${connector.name}/pause`)
  }
  for (const connector of sources) await shows(connector, 'PAUSED')
}

async function reached(connector: Connector, position: number): Promise<void> {
  const { penstock, name } = connector
  await explained(connector, () =>
    until(`${name} to have read ${position} bytes`, SETTLE_MS, async () => {
      const { body } = await penstock.get(`/connectors/${name}/offsets`)
      const { offsets = [] } = body as { offsets?: readonly { offset: { position: number } }[] }
      return offsets[0]?.offset.position === position
    }),
  )
}

async function shows(connector: Connector, wanted: 'RUNNING' | 'PAUSED'): Promise<void> {
  const { penstock, name } = connector
  await explained(connector, () =>
    until(`${name}'s tasks to be ${wanted}`, SETTLE_MS, async () => {
      const { body } = await penstock.get(`/connectors/${name}/status`)
      const { tasks = [] } = body as { tasks?: readonly { state: string }[] }
      return tasks.length > 0 && tasks.every(({ state }) => state === wanted)
    }),
  )
}

/** What the API says of it beside. */
export async function explained<T>({ penstock, name }: Connector, wait: () => Promise<T>): Promise<T> {
  try {
    return await wait()
  } catch (error) {
    const [status, progress] = await Promise.all([
      penstock.get(`/connectors/${name}/status`),
      penstock.get(`/penstock/connectors/${name}`),
    ])
    throw new Error(`${(error as Error).message}\n${JSON.stringify(status.body)}\n${JSON.stringify(progress.body)}`)
  }
}
