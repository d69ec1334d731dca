/** Which connectors a command is about: names, regular expressions, or both. */
import type { Command } from 'commander'
import type { Client } from './client.ts'
import { CliError, EXIT } from './failure.ts'

export interface Selection {
  readonly regexp?: readonly string[]
}

export function byRegexp(command: Command): Command {
  return command.option(
    '-e, --regexp <regex>',
    'connectors whose whole name matches; may be repeated',
    (text: string, all: readonly string[] = []) => [...all, text],
  )
}

/**
 * The names as they were given and those that match, each once. kcctl's noun (`pause connector orders`) is left out.
 * `CliError` where nothing was asked for, or where an expression matches nothing.
 */
export async function selected(client: Client, operands: readonly string[], flags: Selection): Promise<string[]> {
  const { regexp = [] } = flags
  const names = withoutNoun(operands, regexp.length > 0)
  if (names.length === 0 && regexp.length === 0)
    throw new CliError(EXIT.usage, 'No connector is named', "Give names, or -e REGEX ('.*' for all)")
  const matching = regexp.length === 0 ? [] : await matches(client, regexp)
  return [...new Set([...names, ...matching])]
}

async function matches(client: Client, regexps: readonly string[]): Promise<string[]> {
  const all = (await client.get<string[]>('/connectors')).sort()
  return regexps.flatMap((text) => {
    const regexp = whole(text)
    const found = all.filter((name) => regexp.test(name))
    if (found.length === 0) throw new CliError(EXIT.notFound, `No connector's name matches ${text}`)
    return found
  })
}

function whole(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`, 'u')
  } catch (cause) {
    throw new CliError(EXIT.usage, `${text} is not a regular expression: ${(cause as Error).message}`, null, cause)
  }
}

function withoutNoun(operands: readonly string[], more: boolean): readonly string[] {
  const [first, ...rest] = operands
  const noun = first === 'connector' || first === 'connectors'
  return noun && (rest.length > 0 || more) ? rest : operands
}

export interface Outcome {
  readonly name: string
  /** What was done; null where it failed. */
  readonly done: string | null
  readonly error?: string
}

/**
 * Does it to one connector after the other; a failure doesn't keep it from the rest. Errors go to stderr, and the exit
 * status is the first one's. A server that doesn't answer ends it at once.
 */
export async function forEach(
  names: readonly string[],
  act: (name: string) => Promise<string>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const name of names) {
    try {
      outcomes.push({ name, done: await act(name) })
    } catch (error) {
      if (!(error instanceof CliError) || error.status === EXIT.unreachable || error.status === EXIT.denied) throw error
      outcomes.push({ name, done: null, error: error.message })
      process.exitCode ??= error.status
      console.error(`${name}: ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`)
    }
  }
  return outcomes
}

/** `orders: paused`, a line for each that it was done to. */
export function outcomeLines(outcomes: readonly Outcome[]): string {
  return outcomes.flatMap(({ name, done }) => (done === null ? [] : [`${name}: ${done}`])).join('\n')
}
