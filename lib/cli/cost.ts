/** `penstock cost`: what connectors have cost, at the prices of the worker's settings. */
import { Command } from 'commander'
import { at } from './client.ts'
import { print, table } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

export function costCommand(): Command {
  return remote(new Command('cost')).argument('[name]', 'this connector alone').action(cost)
}

interface Usage {
  readonly cost: number
  readonly gbSeconds: number
  readonly invocations: number
}

interface ConnectorCost {
  readonly name: string
  readonly today: Usage
  readonly total: Usage
  readonly perMonth: number | null
}

interface Cost extends Omit<ConnectorCost, 'name'> {
  readonly connectors: readonly ConnectorCost[]
}

async function cost(name: string | undefined, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  if (name !== undefined) {
    const one = await client.get<ConnectorCost>(at`/penstock/connectors/${name}/cost`)
    return print(flags.output, one, () => costTable([one]))
  }
  const all = await client.get<Cost>('/penstock/cost')
  await print(flags.output, all, () => costTable([...all.connectors, { ...all, name: 'all' }]))
}

function costTable(rows: readonly ConnectorCost[]): string {
  return table(
    ['NAME', 'TODAY', 'TOTAL', 'PER MONTH', 'GB-SECONDS', 'INVOCATIONS'],
    rows.map(({ name, today, total, perMonth }) => [
      name,
      dollars(today.cost),
      dollars(total.cost),
      perMonth === null ? null : dollars(perMonth),
      total.gbSeconds.toFixed(1),
      total.invocations,
    ]),
    'Nothing has run',
  )
}

function dollars(value: number): string {
  return `$${value.toFixed(value < 1 ? 4 : 2)}`
}
