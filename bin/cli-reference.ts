/** The commands' reference page, from their declarations. */
import type { Argument, Command, Option } from 'commander'
import { COMMANDS } from '../lib/cli/commands.ts'
import { program } from '../lib/cli/index.ts'

/** Flags that are told once. */
const COMMON = ['--help', '--url', '--context', '--output']

/** Each command with its arguments and flags, in the order of the help. */
export async function commandSections(): Promise<string[]> {
  const sections: string[] = []
  for (const { name } of COMMANDS) {
    const all = await program(name)
    const command = all.commands.find((one) => one.name() === name)
    if (command === undefined) throw new TypeError(`There is no command ${name}`)
    sections.push(section(command, 'penstock', '##'))
  }
  return sections
}

function section(command: Command, parent: string, level: string): string {
  const name = `${parent} ${command.name()}`
  const names = command.registeredArguments.map((argument) => ` ${argumentName(argument)}`).join('')
  const inner = command.commands.map((one) => section(one, name, `${level}#`))
  const flags = command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => !COMMON.includes(long ?? ''))
  const rows = [
    ...command.registeredArguments.map((one) => row(argumentName(one), one.description, one)),
    ...flags.map((one) => row(one.flags, one.description, one)),
  ]
  const table = rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]
  return [`${level} \`${name}${names}\``, sentence(command), ...table, ...inner].join('\n\n')
}

function argumentName(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function row(name: string, description: string, { argChoices, defaultValue }: Argument | Option): string {
  const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`
  const shown = defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0)
  const standard = shown ? '' : ` (default: ${String(defaultValue)})`
  return `| \`${name}\` | ${`${description}${choices}${standard}`.replaceAll('|', '\\|')} |`
}

function sentence(command: Command): string {
  const text = command.description()
  const alias = command.aliases().map((one) => `\`${one}\``)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${alias.length === 0 ? '' : ` Also ${alias.join(', ')}.`}`
}
