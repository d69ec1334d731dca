/** `penstock top`: the connectors and what they do, drawn anew every second; lines one below the other without a terminal. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import type { ConnectorStateInfo } from '../rest/connector-status.ts'
import type { ConnectorProgress } from '../rest/penstock.ts'
import type { Client } from './client.ts'
import { type Cell, count, stateText, table } from './output.ts'
import { clientOf, type ServerFlags, whichServer } from './server.ts'
import { positive, seconds } from './waiting.ts'

interface Flags extends ServerFlags {
  readonly interval: number
  readonly count?: number
}

export function topCommand(): Command {
  return whichServer(new Command('top'))
    .option('--interval <seconds>', 'how often', seconds, 1_000)
    .option('--count <n>', 'so often, then end (default: until Ctrl-C)', positive)
    .action(top)
}

/** One connector at one time. */
interface Sample {
  readonly name: string
  readonly state: string
  readonly tasks: readonly string[]
  /** Null: of a JVM worker. */
  readonly work: Work | null
}

interface Work {
  readonly read: number
  readonly written: number
  readonly lag: number | null
  readonly slices: number
  readonly restarts: number
}

/** Over which time rates are taken, in ms: counters are written once a second. */
const RATE_MS = 4_000

interface Look {
  readonly at: number
  readonly samples: ReadonlyMap<string, Sample>
}

async function top(flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  await client.info()
  const show = process.stdout.isTTY ? await screen() : (text: string) => console.log(`${text}\n`)
  const looks: Look[] = []
  for (let shown = 1; ; shown++) {
    const now = { at: Date.now(), samples: await look(client) }
    looks.push(now)
    while (looks.length > 2 && now.at - (looks[1]?.at ?? 0) >= RATE_MS) looks.shift()
    show(frame(client.url, now, looks[0] ?? now))
    if (shown === flags.count) return
    await sleep(flags.interval)
  }
}

/** Redraws in place; Ctrl-C leaves the last picture and gives the cursor back. */
async function screen(): Promise<(text: string) => void> {
  const { default: logUpdate } = await import('log-update')
  process.once('SIGINT', () => {
    logUpdate.done()
    process.exit(0)
  })
  return logUpdate
}

async function look(client: Client): Promise<Map<string, Sample>> {
  const [all, pages] = await Promise.all([
    client.get<Record<string, { status: ConnectorStateInfo }>>('/connectors?expand=status'),
    client.find<ConnectorProgress[]>('/penstock/connectors'),
  ])
  const progress = new Map(pages?.map((page) => [page.name, page]))
  const samples = Object.values(all).map(({ status: { name, connector, tasks } }) => ({
    name,
    state: connector.state,
    tasks: tasks.map(({ state }) => state),
    work: workOf(progress.get(name)),
  }))
  return new Map(samples.sort((a, b) => (a.name < b.name ? -1 : 1)).map((sample) => [sample.name, sample]))
}

function workOf(page: ConnectorProgress | undefined): Work | null {
  if (page === undefined) return null
  const sum = (of: (task: ConnectorProgress['tasks'][number]) => number) =>
    page.tasks.reduce((total, task) => total + of(task), 0)
  return {
    read: sum(({ counters }) => counters.read),
    written: sum(({ counters }) => counters.written),
    lag: page.tasks.every(({ lag }) => lag === null) ? null : sum(({ lag }) => lag ?? 0),
    slices: sum(({ slices }) => slices),
    restarts: sum(({ restarts }) => restarts),
  }
}

function frame(url: string, now: Look, before: Look): string {
  const samples = [...now.samples.values()]
  const failed = samples.filter(({ state, tasks }) => [state, ...tasks].includes('FAILED')).length
  const wrong = failed === 0 ? '' : `, ${pc.red(`${failed} with failures`)}`
  const head = `${new Date(now.at).toISOString()}  ${url}  ${samples.length} connectors${wrong}`
  const rows = samples.map((sample) => row(sample, before.samples.get(sample.name), (now.at - before.at) / 1000))
  const columns = ['NAME', 'STATE', 'TASKS', 'READ/S', 'WRITTEN/S', 'WRITTEN', 'LAG', 'SLICES', 'RESTARTS']
  return `${head}\n${table(columns, rows, 'No connectors')}`
}

function row({ name, state, tasks, work }: Sample, before: Sample | undefined, passed: number): Cell[] {
  const running = tasks.filter((task) => task === 'RUNNING').length
  const failed = tasks.includes('FAILED') ? pc.red(' failed') : ''
  const head = [name, stateText(state), `${running}/${tasks.length}${failed}`]
  if (work === null) return [...head, null, null, null, null, null, null]
  // A connector that was deleted and made again begins at 0.
  const rate = (of: (work: Work) => number) => {
    const past = before?.work ?? null
    return passed === 0 || past === null ? null : count(Math.max(0, Math.round((of(work) - of(past)) / passed)))
  }
  const rates = [rate(({ read }) => read), rate(({ written }) => written)]
  const lag = work.lag === null ? null : count(work.lag)
  return [...head, ...rates, count(work.written), lag, work.slices, work.restarts]
}
