/** `penstock delete`: deletes connectors. Their offsets are kept, as Connect keeps them. */
import { Command } from 'commander'
import { at } from './client.ts'
import { CliError, EXIT } from './failure.ts'
import { byRegexp, forEach, outcomeLines, type Selection, selected } from './names.ts'
import { print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

interface Flags extends RemoteFlags, Selection {
  readonly yes?: true
}

export function deleteCommand(): Command {
  return byRegexp(remote(new Command('delete')))
    .argument('[names...]', 'connectors')
    .option('-y, --yes', 'what -e matches is not shown and asked for first on a terminal')
    .action(remove)
}

async function remove(operands: readonly string[], flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  const names = await selected(client, operands, flags)
  if (flags.regexp !== undefined && flags.yes === undefined && process.stdin.isTTY && process.stdout.isTTY)
    await confirm(`Delete ${names.join(', ')}?`)
  const outcomes = await forEach(names, async (name) => {
    await client.send('DELETE', at`/connectors/${name}`)
    return 'deleted'
  })
  await print(flags.output, outcomes, () => outcomeLines(outcomes))
}

async function confirm(question: string): Promise<void> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface(process.stdin, process.stdout)
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT.failed, 'Nothing was deleted')
  } finally {
    terminal.close()
  }
}
