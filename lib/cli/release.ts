/** `penstock release`: gives the connectors back to the Connect cluster, or takes them back. */
import { Command } from 'commander'
import type { Client } from './client.ts'
import { CliError, EXIT } from './failure.ts'
import { print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { seconds, until } from './waiting.ts'

interface Flags extends RemoteFlags {
  readonly undo?: true
  readonly timeout: number
}

/** As GET /penstock answers. */
interface State {
  readonly group: string
  readonly state: 'running' | 'aside' | 'released'
  readonly because: string | null
  readonly complete: boolean | null
}

export function releaseCommand(): Command {
  return remote(new Command('release'))
    .option('--undo', 'take the connectors back')
    .option('--timeout <seconds>', 'how long running slices may take to end', seconds, 300_000)
    .action(release)
}

async function release(flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  const state = flags.undo === true ? await takeBack(client) : await giveBack(client, flags.timeout)
  await print(flags.output, state, () => told(state))
}

async function takeBack(client: Client): Promise<State> {
  await client.send('DELETE', '/penstock/release')
  return client.get<State>('/penstock')
}

async function giveBack(client: Client, ms: number): Promise<State> {
  await client.send('POST', '/penstock/release')
  const done = await until(ms, async () => {
    const state = await client.get<State>('/penstock')
    return state.complete === true && state
  })
  if (done !== null) return done
  throw new CliError(
    EXIT.unreachable,
    'Slices are still running: start no worker yet',
    'penstock release again waits on',
  )
}

function told({ group, state, because }: State): string {
  if (state === 'running') return 'Taken back: Penstock runs the connectors'
  if (state === 'aside') return `Taken back, but Penstock stands aside: ${because}`
  return [
    'Released: no task runs, and the offsets are written for whoever goes on.',
    `Now start the Connect workers of group ${group}, with the same topics.`,
    'penstock release --undo takes the connectors back, as penstock takeover --now and penstock up do.',
  ].join('\n')
}
