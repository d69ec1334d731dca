/** `penstock pause`, `resume` and `stop` (KIP-875). */
import { Command } from 'commander'
import type { ConnectorStateInfo } from '../rest/connector-status.ts'
import { at, type Client } from './client.ts'
import { CliError, EXIT } from './failure.ts'
import { byRegexp, forEach, outcomeLines, type Selection, selected } from './names.ts'
import { print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { seconds, until } from './waiting.ts'

interface Flags extends RemoteFlags, Selection {
  readonly wait?: number
}

export const pauseCommand = (): Command => command('pause', 'PAUSED', 'paused')
export const resumeCommand = (): Command => command('resume', 'RUNNING', 'resumed')
export const stopCommand = (): Command => command('stop', 'STOPPED', 'stopped')

function command(verb: string, state: string, done: string): Command {
  return byRegexp(remote(new Command(verb)))
    .argument('[names...]', 'connectors')
    .option('--wait <seconds>', `until the connector and its tasks are ${state}, at most so long`, seconds)
    .action(async (operands: readonly string[], flags: Flags) => {
      const client = await clientOf(flags)
      const names = await selected(client, operands, flags)
      const outcomes = await forEach(names, async (name) => {
        await client.send('PUT', at`/connectors/${name}/${verb}`)
        if (flags.wait !== undefined) await reached(client, name, state, flags.wait)
        return done
      })
      await print(flags.output, outcomes, () => outcomeLines(outcomes))
    })
}

/** A failed task can't become anything else by itself: it is told at once. */
async function reached(client: Client, name: string, state: string, ms: number): Promise<void> {
  let states: readonly string[] = []
  const answer = await until(ms, async () => {
    const status = await client.find<ConnectorStateInfo>(at`/connectors/${name}/status`)
    states = status === null ? ['UNASSIGNED'] : [status.connector.state, ...status.tasks.map((task) => task.state)]
    return (states.includes('FAILED') && state !== 'STOPPED') || states.every((one) => one === state)
  })
  const [connector, ...tasks] = states
  if (answer === null)
    throw new CliError(
      EXIT.failed,
      `not ${state} within ${ms / 1000} s: ${connector}, tasks ${tasks.join(', ') || '-'}`,
    )
  if (states.includes('FAILED')) throw new CliError(EXIT.failed, 'failed', `penstock describe ${name} shows why`)
}
