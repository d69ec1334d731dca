/** The command line: one file per command, registered here. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ConnectError } from '../connect/errors.ts'
import { LocalError } from '../local/local-error.ts'
import { colors as pc } from '../observe/colors.ts'
import { previewCommand } from './preview.ts'
import { standaloneCommand } from './standalone.ts'
import { testCommand } from './test.ts'
import { upCommand } from './up.ts'

const COMMANDS: readonly (() => Command)[] = [upCommand, standaloneCommand, previewCommand, testCommand]

/** Runs one command; answers the exit status. A user's mistake is one line, and a hint where there is one. */
export async function main(args: readonly string[]): Promise<number> {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
  const { version, description } = JSON.parse(manifest) as { version: string; description: string }
  const program = new Command('penstock').description(description).version(version, '-V, --version')
  program.showHelpAfterError('penstock --help lists the commands and flags').exitOverride()
  for (const command of COMMANDS) program.addCommand(command().copyInheritedSettings(program))
  try {
    await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode
    console.error(describe(error))
    return 1
  }
}

function describe(error: unknown): string {
  const mark = pc.red('penstock:')
  if (error instanceof LocalError) return `${mark} ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`
  if (error instanceof ConnectError && error.kind === 'config') return `${mark} ${error.message}`
  return `${mark} ${error instanceof Error ? error.stack : String(error)}`
}
