/** `penstock restart`: connectors (KIP-745) or single tasks. */
import { Command } from 'commander'
import type { ConnectorStateInfo } from '../rest/connector-status.ts'
import { at } from './client.ts'
import { byRegexp, forEach, outcomeLines, type Selection, selected } from './names.ts'
import { print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

interface Flags extends RemoteFlags, Selection {
  readonly includeTasks?: true
  readonly onlyFailed?: true
}

export function restartCommand(): Command {
  return byRegexp(remote(new Command('restart')))
    .argument('[names...]', 'connectors, or tasks as NAME/0')
    .option('--include-tasks', 'the tasks, too')
    .option('--only-failed', 'of the connector and its tasks only what has failed')
    .action(restart)
}

async function restart(operands: readonly string[], flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  // kcctl's noun of a task.
  const [first, ...rest] = operands
  const names = await selected(client, first === 'task' && rest.length > 0 ? rest : operands, flags)
  const query = `includeTasks=${flags.includeTasks === true}&onlyFailed=${flags.onlyFailed === true}`
  const outcomes = await forEach(names, async (name) => {
    const [, connector, task] = /^(.+)\/(\d+)$/.exec(name) ?? []
    if (connector !== undefined && task !== undefined) {
      await client.send('POST', at`/connectors/${connector}/tasks/${task}/restart`)
      return 'restarted'
    }
    const plan = await client.send<ConnectorStateInfo>('POST', `${at`/connectors/${name}/restart`}?${query}`)
    return plan === null ? 'restarted' : restarted(plan)
  })
  await print(flags.output, outcomes, () => outcomeLines(outcomes))
}

/** Of the worker's plan: `restarted with tasks 0, 2`. */
function restarted({ connector, tasks }: ConnectorStateInfo): string {
  const ids = tasks.filter(({ state }) => state === 'RESTARTING').map(({ id }) => id)
  const some = ids.length === 0 ? '' : `task${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`
  if (connector.state === 'RESTARTING') return some === '' ? 'restarted' : `restarted with ${some}`
  return some === '' ? 'nothing has failed' : `${some} restarted`
}
