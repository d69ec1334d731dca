/** `penstock preview`: a connector's converters, transforms and predicates over sample records. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Command, InvalidArgumentError, Option } from 'commander'
import { ConnectError } from '../connect/errors.ts'
import { LocalError } from '../local/local-error.ts'
import type { Preview } from '../preview/preview.ts'
import type { Sample } from '../preview/sample.ts'
import type { Worker } from '../worker/settings.ts'
import { readConnector } from './connector-files.ts'

interface Flags {
  readonly config: string
  readonly records?: string
  readonly topic?: string
  readonly limit: number
  readonly bootstrap: string
  readonly stages?: true
}

/** Records that are held at once. */
const BATCH = 1_000
/** How long reading a topic's last records may take, in ms. */
const TOPIC_MS = 30_000

export function previewCommand(): Command {
  return new Command('preview')
    .requiredOption('--config <file>', 'connector config: JSON as in POST /connectors or flat, or a properties file')
    .option('--records <file>', 'a record or a value a line, - for the standard input (default: -)')
    .addOption(new Option('--topic <name>', "take the topic's last records, for a sink").conflicts('records'))
    .option('--limit <n>', 'how many of them', positive, 10)
    .option('--bootstrap <host:port>', 'the Kafka that has the topic', 'localhost:9092')
    .option('--stages', 'what each stage made of a record, too')
    .action(preview)
}

async function preview(flags: Flags): Promise<void> {
  const config = await readConnector(flags.config)
  const [{ openPreview }, { LOCAL_DEFAULTS, worker: parseWorker }] = await Promise.all([
    import('../preview/preview.ts'),
    import('../worker/settings.ts'),
  ])
  const worker = parseWorker({ ...LOCAL_DEFAULTS, 'bootstrap.servers': flags.bootstrap })
  const opened = await openPreview(config, { worker, stages: flags.stages === true })
  const { topic, records = '-' } = flags
  const batches = topic === undefined ? lines(records) : fromTopic(topic, flags, opened, worker)
  const { jsonText } = await import('../converters/record-text.ts')
  for await (const batch of batches) {
    for (const answer of await opened.run(batch)) {
      console.log(jsonText(answer))
      if ('error' in answer) process.exitCode = 1
    }
  }
}

async function* lines(file: string): AsyncGenerator<readonly Sample[]> {
  const { sampleOfLine } = await import('../preview/sample.ts')
  const input = file === '-' ? process.stdin : createReadStream(file)
  const unreadable = new Promise<never>((_, reject) => {
    const why = (cause: Error) => new LocalError(`${file} can't be read: ${cause.message}`, 'Mend --records', cause)
    input.once('error', (cause: Error) => reject(why(cause)))
  })
  unreadable.catch(() => {})
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  let batch: Sample[] = []
  for (;;) {
    const next = await Promise.race([reader.next(), unreadable])
    if (next.done === true) break
    batch.push(sampleOfLine(next.value))
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function* fromTopic(
  topic: string,
  { limit, bootstrap }: Flags,
  { settings }: Preview,
  worker: Worker,
): AsyncGenerator<readonly Sample[]> {
  const [{ topicSamples }, { budget }] = await Promise.all([
    import('../preview/topic-samples.ts'),
    import('../connect/budget.ts'),
  ])
  using time = budget(TOPIC_MS)
  try {
    yield await topicSamples(topic, limit, settings, worker, time)
  } catch (cause) {
    if (!(cause instanceof ConnectError) || cause.kind === 'config') throw cause
    const message = `Topic ${topic} of the Kafka at ${bootstrap} can't be read: ${cause.message}`
    throw new LocalError(message, 'Mend --topic or --bootstrap', cause)
  }
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a number, 1 or more.')
  return Number(text)
}
