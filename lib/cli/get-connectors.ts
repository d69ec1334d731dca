/** `penstock get connectors`. */
import type { ConnectorInfo } from '../rest/connector-info.ts'
import type { ConnectorStateInfo } from '../rest/connector-status.ts'
import type { Client } from './client.ts'
import { CliError, EXIT } from './failure.ts'
import { type Selection, selected } from './names.ts'
import { print, stateText, table } from './output.ts'
import { clientOf, type RemoteFlags } from './server.ts'

export interface Expanded {
  readonly info: ConnectorInfo
  readonly status: ConnectorStateInfo
}

export async function getConnectors(names: readonly string[], flags: RemoteFlags & Selection): Promise<void> {
  const found = await expanded(await clientOf(flags), names, flags)
  const listed = found.map(({ info, status }) => ({
    name: info.name,
    type: info.type,
    class: info.config['connector.class'] ?? null,
    state: status.connector.state,
    tasks: status.tasks.map(({ id, state }) => ({ id, state })),
  }))
  await print(flags.output, listed, () =>
    table(
      ['NAME', 'TYPE', 'STATE', 'TASKS', 'CLASS'],
      listed.map((one) => [one.name, one.type, stateText(one.state), taskStates(one.tasks), simpleName(one.class)]),
      'No connectors',
    ),
  )
}

/** All connectors by name, or those that are asked for; with states and configs. */
export async function expanded(client: Client, names: readonly string[], flags: Selection = {}): Promise<Expanded[]> {
  const all = await client.get<Record<string, Expanded>>('/connectors?expand=status&expand=info')
  const wanted =
    names.length === 0 && flags.regexp === undefined ? Object.keys(all).sort() : await selected(client, names, flags)
  return wanted.map((name) => {
    const found = Object.hasOwn(all, name) ? all[name] : undefined
    if (found === undefined) throw new CliError(EXIT.notFound, `Connector ${name} not found`)
    return found
  })
}

/** `0: RUNNING, 1: FAILED`; of many how often each state. */
function taskStates(tasks: readonly { readonly id: number; readonly state: string }[]): string {
  if (tasks.length <= 3) return tasks.map(({ id, state }) => `${id}: ${stateText(state)}`).join(', ') || '-'
  const counts = Map.groupBy(tasks, ({ state }) => state)
  return [...counts].map(([state, some]) => `${some.length} ${stateText(state)}`).join(', ')
}

export function simpleName(name: string | null): string | null {
  return name?.slice(name.lastIndexOf('.') + 1) ?? null
}
