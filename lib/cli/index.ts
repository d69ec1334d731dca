/** The command line: finds the command, loads it, runs it, and tells what went wrong. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ConnectError } from '../connect/errors.ts'
import { LocalError } from '../local/local-error.ts'
import { colors as pc } from '../observe/colors.ts'
import { COMMANDS, type Entry } from './commands.ts'
import { CliError, EXIT } from './failure.ts'

/** kcctl's and Confluent's names for ours. */
const ALIASES: Readonly<Record<string, string>> = { config: 'context', plugin: 'plugins', offset: 'offsets' }

/** Runs one command; answers the exit status. A user's mistake is one line, and a hint where there is one. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'complete' && args[1] === '--') await (await import('./completion.ts')).completions(args.slice(2))
    else await (await program(commandOf(args))).parseAsync(expanded(args), { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage
    console.error(describe(error))
    return error instanceof CliError ? error.status : EXIT.failed
  }
}

/** All commands by name and summary; only the called one with its flags. Null: none of them is loaded. */
export async function program(called: string | null, entries: readonly Entry[] = COMMANDS): Promise<Command> {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
  const { version, description } = JSON.parse(manifest) as { version: string; description: string }
  const all = new Command('penstock').description(description).version(version, '-V, --version')
  all.showHelpAfterError('penstock --help lists the commands and flags').exitOverride()
  all.addHelpText('after', '\npenstock COMMAND --help tells more')
  for (const { name, summary, load } of entries) {
    const command = name === called ? (await load())() : new Command(name).usage('[options]')
    all.addCommand(inheriting(command.description(summary), all))
  }
  return all
}

/** Commander hands these on to commands that it makes itself alone. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const one of command.commands) inheriting(one, command)
  return command
}

/** The command's name is the first argument, or the second after `help`. */
function commandOf(args: readonly string[]): string | null {
  const [first = '', second = ''] = expanded(args)
  return (first === 'help' ? second : first) || null
}

function expanded(args: readonly string[]): string[] {
  return args.map((arg, i) => (i === 0 || (i === 1 && args[0] === 'help') ? (ALIASES[arg] ?? arg) : arg))
}

function describe(error: unknown): string {
  const mark = pc.red('penstock:')
  if (error instanceof LocalError || error instanceof CliError)
    return `${mark} ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`
  if (error instanceof ConnectError && error.kind === 'config') return `${mark} ${error.message}`
  return `${mark} ${error instanceof Error ? error.stack : String(error)}`
}
