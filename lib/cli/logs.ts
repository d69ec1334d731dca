/** `penstock logs`: a connector's log lines, and those that come. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import { LOG_LEVELS, type LogLevel, type LogLine, prettyLine } from '../observe/log-line.ts'
import { at, type Client } from './client.ts'
import { type Format, print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { positive } from './waiting.ts'

interface Flags extends RemoteFlags {
  readonly level: LogLevel
  /** Epoch ms. */
  readonly since?: number
  readonly task?: string
  readonly limit: number
  readonly follow?: true
}

const FOLLOW_MS = 1_000
/** A line may be seen this much later than its time says. */
const LATE_MS = 10_000
const MOST = 10_000

export function logsCommand(): Command {
  return remote(new Command('logs'))
    .argument('<name>', 'connector, also a deleted one')
    .addOption(new Option('--level <level>', 'this level and those above it').choices(LOG_LEVELS).default('info'))
    .option('--since <time>', 'lines of the last 30s, 10m, 2h, 1d; or since a time as 2026-01-01T12:00:00Z', since)
    .option('--task <n>', 'of this task alone')
    .option('--limit <n>', 'the youngest lines of them', positive, 200)
    .option('-f, --follow', 'go on with the lines that come, until Ctrl-C')
    .action(logs)
}

async function logs(name: string, flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  const lines = await read(client, name, flags, flags.since ?? 0, flags.limit)
  if (flags.follow === undefined)
    return print(flags.output, lines, () => lines.map(shown).join('').trimEnd() || pc.dim('No lines'))
  // What was seen, by its text, as long as it can be answered again.
  const seen = new Map<string, number>()
  for (let found = lines; ; found = await read(client, name, flags, Date.now() - LATE_MS, MOST)) {
    for (const line of found) {
      const text = JSON.stringify(line)
      if (!seen.has(text)) await follow(flags.output, line)
      seen.set(text, Date.parse(line.time))
    }
    for (const [text, time] of seen) if (time < Date.now() - 2 * LATE_MS) seen.delete(text)
    await sleep(FOLLOW_MS)
  }
}

async function read(client: Client, name: string, flags: Flags, from: number, limit: number): Promise<LogLine[]> {
  const query = new URLSearchParams({ level: flags.level, since: String(from), limit: String(limit) })
  if (flags.task !== undefined) query.set('task', flags.task)
  return (await client.get<{ lines: LogLine[] }>(`${at`/penstock/connectors/${name}/logs`}?${query}`)).lines
}

/** A line of JSON each, or a YAML document each. */
async function follow(format: Format, line: LogLine): Promise<void> {
  if (format === 'human') process.stdout.write(shown(line))
  else if (format === 'json') console.log(JSON.stringify(line))
  else await print(format, [line], () => '')
}

const COLORS: Readonly<Record<LogLevel, (text: string) => string>> = {
  debug: pc.dim,
  info: (text) => text,
  warn: pc.yellow,
  error: pc.red,
}

function shown(line: LogLine): string {
  return COLORS[line.level](prettyLine(line, line.time))
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function since(text: string): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (amount !== undefined) return Date.now() - Number(amount) * (UNITS[unit] ?? 0)
  const time = Date.parse(text)
  if (!Number.isFinite(time)) throw new InvalidArgumentError('It must be as 30s, 10m, 2h, 1d or 2026-01-01T12:00:00Z.')
  return time
}
