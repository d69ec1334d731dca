/** `penstock offsets`: what connectors go on from (KIP-875), and undoing changes of it. */
import { Command } from 'commander'
import { at, type Client, exact } from './client.ts'
import { readText } from './connector-files.ts'
import { CliError, EXIT } from './failure.ts'
import { print, table } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { positive } from './waiting.ts'

interface Offset {
  readonly partition: Readonly<Record<string, unknown>>
  /** Null: goes on from the beginning. */
  readonly offset: Readonly<Record<string, unknown>> | null
}

interface SetFlags extends RemoteFlags {
  readonly filename?: string
  readonly kafkaTopic?: string
  readonly kafkaPartition?: string
  readonly kafkaOffset?: string
  readonly sourcePartition?: string
  readonly sourceOffset?: string
}

export function offsetsCommand(): Command {
  return new Command('offsets')
    .addCommand(
      remote(new Command('get'))
        .alias('describe')
        .description('the offsets of a source, or of a sink in its group')
        .argument('<name>', 'connector')
        .action(getOffsets),
    )
    .addCommand(
      remote(new Command('set'))
        .alias('update')
        .description('go on from other offsets; the connector has to be stopped')
        .argument('<name>', 'connector')
        .option('-f, --filename <file>', 'JSON as `offsets get -o json` prints it; - for the standard input')
        .option('--kafka-topic <topic>', "a sink's topic")
        .option('--kafka-partition <n>', 'its partition')
        .option('--kafka-offset <n>', 'the offset to read next; `null` to forget it')
        .option('--source-partition <json>', "a source's partition, as JSON")
        .option('--source-offset <json>', 'its offset, as JSON; `null` to forget it')
        .action(setOffsets),
    )
    .addCommand(
      remote(new Command('reset'))
        .alias('delete')
        .description('begin anew; the connector has to be stopped')
        .argument('<name>', 'connector')
        .action(resetOffsets),
    )
    .addCommand(
      remote(new Command('history'))
        .description('what the offsets were before each change; Penstock only')
        .argument('<name>', 'connector')
        .action(offsetHistory),
    )
    .addCommand(
      remote(new Command('undo'))
        .description('put back what the offsets were before the last change; Penstock only')
        .argument('<name>', 'connector')
        .option('--to <version>', 'before this change of the history', positive)
        .action(undoOffsets),
    )
}

export async function getOffsets(name: string, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const found = await client.get<{ offsets: Offset[] }>(at`/connectors/${name}/offsets`)
  await print(flags.output, found, () => offsetTable(found.offsets, `${name} has no offsets`))
}

function offsetTable(offsets: readonly Offset[], none: string): string {
  const rows = offsets.map(({ partition, offset }) => ({ ...kafkaOf(partition, offset), partition, offset }))
  if (rows.length > 0 && rows.every(({ topic }) => topic !== undefined))
    return table(
      ['TOPIC', 'PARTITION', 'OFFSET'],
      rows.map(({ topic, number, position }) => [topic, number, position]),
      none,
    )
  return table(
    ['PARTITION', 'OFFSET'],
    rows.map(({ partition, offset }) => [JSON.stringify(partition), JSON.stringify(offset)]),
    none,
  )
}

/** A sink's offsets have a form of their own. */
function kafkaOf(partition: Offset['partition'], offset: Offset['offset']) {
  if (typeof partition['kafka_topic'] !== 'string') return {}
  return {
    topic: partition['kafka_topic'],
    number: String(partition['kafka_partition']),
    position: offset === null ? null : String(offset['kafka_offset']),
  }
}

async function setOffsets(name: string, flags: SetFlags): Promise<void> {
  const client = await clientOf(flags)
  const offsets = await offsetsOf(flags)
  await changed(
    name,
    flags,
    await stopped(client.send<Message>('PATCH', at`/connectors/${name}/offsets`, { offsets }), name),
  )
}

async function resetOffsets(name: string, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  await changed(name, flags, await stopped(client.send<Message>('DELETE', at`/connectors/${name}/offsets`), name))
}

async function undoOffsets(name: string, flags: RemoteFlags & { readonly to?: number }): Promise<void> {
  const client = await clientOf(flags)
  const body = flags.to === undefined ? {} : { version: flags.to }
  const path = at`/penstock/connectors/${name}/offsets/undo`
  await changed(name, flags, await stopped(client.send<Message>('POST', path, body), name))
}

interface Message {
  readonly message: string
}

/** What Connect says, with the command that makes it possible. */
async function stopped(answer: Promise<Message | null>, name: string): Promise<Message | null> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof CliError) || !/STOPPED/.test(error.message)) throw error
    throw new CliError(error.status, error.message, `penstock stop ${name} --wait 60`, error)
  }
}

async function changed(name: string, { output }: RemoteFlags, answer: Message | null): Promise<void> {
  const message = answer?.message ?? 'The offsets were changed'
  await print(output, { name, message }, () => `${name}: ${message}`)
}

async function offsetsOf(flags: SetFlags): Promise<readonly Offset[]> {
  const { filename, kafkaTopic, kafkaPartition, kafkaOffset, sourcePartition, sourceOffset } = flags
  if (filename !== undefined) return fromJson(filename, json(filename, await readText(filename)))
  if (kafkaTopic !== undefined && kafkaPartition !== undefined && kafkaOffset !== undefined)
    return [
      {
        partition: { kafka_topic: kafkaTopic, kafka_partition: whole('--kafka-partition', kafkaPartition) },
        offset: kafkaOffset === 'null' ? null : { kafka_offset: whole('--kafka-offset', kafkaOffset) },
      },
    ]
  if (sourcePartition !== undefined && sourceOffset !== undefined)
    return [
      {
        partition: json('--source-partition', sourcePartition) as Offset['partition'],
        offset: json('--source-offset', sourceOffset) as Offset['offset'],
      },
    ]
  throw new CliError(
    EXIT.usage,
    'It is not said which offsets to set',
    'Give -f FILE; or --kafka-topic, --kafka-partition and --kafka-offset; or --source-partition and --source-offset',
  )
}

function fromJson(file: string, value: unknown): readonly Offset[] {
  const offsets = Array.isArray(value) ? value : (value as { offsets?: unknown } | null)?.offsets
  if (Array.isArray(offsets)) return offsets as Offset[]
  throw new CliError(EXIT.failed, `${file} holds no offsets`, 'As {"offsets": [{"partition": {...}, "offset": {...}}]}')
}

function json(from: string, text: string): unknown {
  try {
    return JSON.parse(text, exact)
  } catch (cause) {
    throw new CliError(EXIT.usage, `${from} is not JSON: ${(cause as Error).message}`, null, cause)
  }
}

function whole(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new CliError(EXIT.usage, `${flag} must be a whole number, not ${text}`)
  return Number(text)
}

interface OffsetVersion {
  readonly version: number
  /** Epoch ms. */
  readonly time: number
  readonly change: string
  readonly by: string | null
  readonly offsets: readonly Offset[]
}

async function offsetHistory(name: string, flags: RemoteFlags): Promise<void> {
  const client: Client = await clientOf(flags)
  const found = await client.get<{ versions: OffsetVersion[] }>(at`/penstock/connectors/${name}/offsets/history`)
  await print(flags.output, found, () =>
    table(
      ['VERSION', 'TIME', 'CHANGE', 'BY', 'OFFSETS BEFORE'],
      found.versions.map(({ version, time, change, by, offsets }) => [
        version,
        new Date(time).toISOString(),
        change,
        by,
        offsets.map(({ partition, offset }) => `${JSON.stringify(partition)} ${JSON.stringify(offset)}`).join('\n'),
      ]),
      `The offsets of ${name} were never changed by hand`,
    ),
  )
}
