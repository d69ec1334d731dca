/** `penstock dlq`: a connector's dead letters, looked at, tried again, deleted (docs/dead-letters.md). */
import { Command, InvalidArgumentError, Option } from 'commander'
import { at, type Client } from './client.ts'
import { readText } from './connector-files.ts'
import { letterText, type ShownLetter } from './dlq-letter.ts'
import { CliError, EXIT } from './failure.ts'
import { ago, count, print, table } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { positive, seconds, until } from './waiting.ts'

interface Choice {
  readonly class?: string
  readonly stage?: string
}

interface RedriveFlags extends RemoteFlags, Choice {
  readonly all?: boolean
  readonly offset?: readonly string[]
  readonly from: 'start' | 'failed-stage'
  readonly edit?: string
  readonly again?: boolean
  readonly dryRun?: boolean
  readonly wait: number
}

interface Overview {
  readonly topic: string
  readonly count: number
  readonly redriven: number
  readonly waiting: number
  readonly complete: boolean
  readonly groups: readonly {
    readonly stage: string | null
    readonly error: string | null
    readonly class: string | null
    readonly count: number
    readonly redriven: number
    readonly lastTimestamp: number | null
    readonly samples: readonly { readonly letter: string; readonly message: string | null }[]
  }[]
}

type Left = 'redriven' | 'loop' | 'no-topic' | 'omitted'

interface Redriven {
  readonly redriven: readonly string[]
  readonly left: Readonly<Record<Left, readonly string[]>>
  readonly more: boolean
}

const CLASS = 'whose error has this Java class, with or without its package'
const STAGE = 'that failed at this stage: VALUE_CONVERTER, TRANSFORMATION, TASK_PUT, ...'
const WAIT_MS = 60_000

export function dlqCommand(): Command {
  return new Command('dlq')
    .addCommand(
      remote(new Command('ls')).description('groups by stage and error').argument('<name>', 'connector').action(list),
    )
    .addCommand(
      remote(new Command('show'))
        .description('letters with their record and error')
        .argument('<name>', 'connector')
        .option('--offset <partition:offset>', 'this one', letterPlace)
        .option('--class <class>', CLASS)
        .option('--stage <stage>', STAGE)
        .option('--limit <n>', 'how many (default: 10)', positive)
        .option('--lines', 'as lines of JSON that `dlq redrive --edit` takes')
        .action(show),
    )
    .addCommand(
      remote(new Command('redrive'))
        .description('send letters through the connector again; each once')
        .argument('<name>', 'connector')
        .option('--all', 'all that were not redriven yet')
        .option('--class <class>', CLASS)
        .option('--stage <stage>', STAGE)
        .option('--offset <partition:offset...>', 'these', (text: string, before: string[] = []) => [
          ...before,
          letterPlace(text),
        ])
        .option(
          '--edit <file>',
          'as the lines of this file have them, as `dlq show --lines` prints; - for the standard input',
        )
        .addOption(
          new Option('--from <where>', 'where records of edited lines enter')
            .choices(['start', 'failed-stage'])
            .default('start'),
        )
        .option('--again', 'also those that were redriven before')
        .option('--dry-run', 'only show which')
        .option('--wait <seconds>', 'for the connector to have tried them (default: 60)', seconds, WAIT_MS)
        .action(redrive),
    )
    .addCommand(
      remote(new Command('purge'))
        .description('delete letters: all that are there, or those before a place')
        .argument('<name>', 'connector')
        .option('--before <partition:offset>', 'the first that stays', letterPlace)
        .option('--shared', 'also where letters of other connectors go with them')
        .action(purge),
    )
}

function letterPlace(text: string): string {
  if (!/^\d+:\d+$/.test(text)) throw new InvalidArgumentError('It must be PARTITION:OFFSET, as 0:12.')
  return text
}

async function list(name: string, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const found = await client.get<Overview>(at`/penstock/connectors/${name}/dlq`)
  await print(flags.output, found, () => overviewText(name, found))
}

function overviewText(name: string, { topic, count: letters, redriven, waiting, complete, groups }: Overview): string {
  const rows = groups.map((group) => [
    group.stage,
    simple(group.error),
    simple(group.class),
    count(group.count),
    count(group.redriven),
    group.lastTimestamp === null ? null : ago(group.lastTimestamp),
    samplesText(group.samples),
  ])
  const head = ['STAGE', 'ERROR', 'CLASS', 'LETTERS', 'REDRIVEN', 'LAST', 'SAMPLES']
  const sum = `${count(letters)} in ${topic}${complete ? '' : ' so far: there are more'}, ${count(redriven)} redriven`
  const queue = waiting === 0 ? '' : `, about ${count(waiting)} of them not tried yet`
  return letters === 0 ? `${name} has no dead letters in ${topic}` : `${table(head, rows, '')}\n${sum}${queue}`
}

function simple(javaClass: string | null): string | null {
  return javaClass === null ? null : javaClass.slice(javaClass.lastIndexOf('.') + 1)
}

function samplesText(samples: Overview['groups'][number]['samples']): string {
  const last = samples.at(-1)
  const places = samples.map(({ letter }) => letter).join(' ')
  const message = (last?.message ?? '').split('\n')[0] ?? ''
  return message === '' ? places : `${places}  ${message.length > 60 ? `${message.slice(0, 60)}...` : message}`
}

async function show(
  name: string,
  flags: RemoteFlags & Choice & { readonly offset?: string; readonly limit?: number; readonly lines?: boolean },
): Promise<void> {
  const client = await clientOf(flags)
  const query = new URLSearchParams({
    ...(flags.offset === undefined ? {} : { letter: flags.offset }),
    ...(flags.class === undefined ? {} : { error: flags.class }),
    ...(flags.stage === undefined ? {} : { stage: flags.stage }),
    ...(flags.limit === undefined ? {} : { limit: String(flags.limit) }),
  })
  const letters = await client.get<readonly ShownLetter[]>(`${at`/penstock/connectors/${name}/dlq/letters`}?${query}`)
  if (flags.offset !== undefined && letters.length === 0)
    throw new CliError(EXIT.notFound, `${name} has no dead letter at ${flags.offset}`, `penstock dlq ls ${name}`)
  if (flags.lines === true) for (const { line } of letters) console.log(line)
  else await print(flags.output, letters, () => letters.map(letterText).join('\n\n') || `${name} has no such letter`)
}

async function redrive(name: string, flags: RedriveFlags): Promise<void> {
  const client = await clientOf(flags)
  const order = await orderOf(name, flags)
  const done = new Set<string>()
  const left = new Map<Left, Set<string>>()
  for (;;) {
    const part = (await client.send<Redriven>('POST', at`/penstock/connectors/${name}/dlq/redrive`, order)) as Redriven
    for (const letter of part.redriven) done.add(letter)
    for (const [why, places] of Object.entries(part.left) as [Left, readonly string[]][])
      left.set(why, new Set([...(left.get(why) ?? []), ...places].filter((place) => !done.has(place))))
    if (!part.more || order.dryRun === true || order.again === true) break
    console.error(`${count(done.size)} redriven so far`)
  }
  const redriven = [...done]
  const waiting = flags.dryRun === true || redriven.length === 0 ? 0 : await tried(client, name, flags.wait)
  const reasons = [...left].filter(([, places]) => places.size > 0)
  const value = { redriven, left: Object.fromEntries(reasons.map(([why, places]) => [why, [...places]])), waiting }
  await print(flags.output, value, () =>
    [
      `${flags.dryRun === true ? 'would be redriven' : 'redriven'}: ${count(redriven.length)}${few(redriven)}`,
      ...reasons.map(([why, places]) => `left: ${count(places.size)}${few([...places])} ${WHY[why]}`),
    ].join('\n'),
  )
  if (waiting > 0)
    throw new CliError(
      EXIT.failed,
      `About ${count(waiting)} letters wait for ${name} to try them`,
      `They are kept for it: look at penstock describe ${name}`,
    )
}

const WHY: Readonly<Record<Left, string>> = {
  redriven: 'were redriven before (--again does it once more)',
  loop: 'have failed after every redrive (--again tries once more)',
  'no-topic':
    "don't tell the topic they came from: give it with --edit, or set errors.deadletterqueue.context.headers.enable",
  omitted: 'were too large for a letter: set the offsets of the source back to read them again',
}

function few(places: readonly string[]): string {
  if (places.length === 0) return ''
  return ` (${places.slice(0, 5).join(', ')}${places.length > 5 ? ', ...' : ''})`
}

async function orderOf(name: string, flags: RedriveFlags) {
  const { all, class: error, stage, offset, edit, from, again, dryRun } = flags
  const chosen = [all === true, error !== undefined || stage !== undefined, offset !== undefined, edit !== undefined]
  if (chosen.filter(Boolean).length !== 1)
    throw new CliError(
      EXIT.usage,
      'Which letters? Give --all, or --class and --stage, or --offset, or --edit',
      `penstock dlq ls ${name} shows what there is`,
    )
  const lines = edit === undefined ? undefined : (await readText(edit)).split('\n').filter((line) => line.trim() !== '')
  return { all, error, stage, letters: offset, edits: lines, from, again, dryRun }
}

/** Shows the progress on the standard error; answers how many letters are left when the time is over. */
async function tried(client: Client, name: string, ms: number): Promise<number> {
  let last = -1
  const left = async () => (await client.get<Overview>(at`/penstock/connectors/${name}/dlq`)).waiting
  const done = await until(ms, async () => {
    const waiting = await left()
    if (waiting !== last && waiting > 0) console.error(`about ${count(waiting)} to be tried`)
    last = waiting
    return waiting === 0 ? 'done' : false
  })
  return done === null ? last : 0
}

async function purge(
  name: string,
  flags: RemoteFlags & { readonly before?: string; readonly shared?: boolean },
): Promise<void> {
  const client = await clientOf(flags)
  const query = new URLSearchParams({
    ...(flags.before === undefined ? {} : { before: flags.before }),
    ...(flags.shared === true ? { shared: 'true' } : {}),
  })
  type Purged = { topic: string; partitions: { partition: number; deleted: number; from: number }[] }
  const purged = (await client.send<Purged>('DELETE', `${at`/penstock/connectors/${name}/dlq`}?${query}`)) as Purged
  await print(flags.output, purged, () =>
    table(
      ['PARTITION', 'DELETED', 'FIRST LEFT'],
      purged.partitions.map(({ partition, deleted, from }) => [partition, count(deleted), from]),
      `${purged.topic} has nothing to delete`,
    ),
  )
}
