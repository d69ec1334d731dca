/** `penstock up`: the local cloud, until Ctrl-C. */
import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { RawConfig } from '../connect/settings.ts'
import { LocalError } from '../local/local-error.ts'
import { colors as pc } from '../observe/colors.ts'

interface Flags {
  readonly port?: number
  readonly bootstrap?: string
  readonly kafkaPort?: number
  readonly dynamodb?: string
  readonly doubledInvocations?: number
  readonly data: string
  readonly group?: string
  readonly config?: string
  readonly demo?: true
}

export function upCommand(): Command {
  return new Command('up')
    .option(
      '--port <port>',
      "port of the REST API on loopback, 0 for a free one (default: the file's listeners, or 8083)",
      port,
    )
    .option('--bootstrap <host:port>', 'use this Kafka instead of starting one')
    .option('--kafka-port <port>', 'port of the Kafka that is started, 0 for a free one (default: 9092)', port)
    .option('--dynamodb <url>', 'use this DynamoDB Local instead of starting one')
    .option('--doubled-invocations <share>', 'a fault: deliver this share of the events to functions twice', share)
    .option('--data <folder>', 'everything that is kept', '.penstock')
    .option('--group <name>', 'group.id of the worker (default: "penstock")')
    .option('--config <file>', "worker settings, a properties file as Connect's own")
    .option('--demo', 'create connectors over sample data and watch them')
    .action(up)
}

async function up(flags: Flags): Promise<void> {
  await runUp(flags, flags.config === undefined ? {} : await readWorkerFile(flags.config, '--config'))
}

/** Until Ctrl-C. `config`: the settings of the worker's file. */
export async function runUp(flags: Flags, config: RawConfig): Promise<void> {
  const { stop, forced } = stopSignals()
  // Loading the parts takes longer than parsing flags: mistakes are told before.
  const [{ startCloud }, { meaninglessSettings }] = await Promise.all([
    import('../local/cloud.ts'),
    import('../local/worker-config.ts'),
  ])
  const idle = meaninglessSettings(config)
  if (idle.length > 0) console.warn(pc.yellow(`Without meaning here, and left out: ${idle.join(', ')}`))
  const progress = (line: string) => console.log(pc.dim(`  ${line}`))
  console.log('Starting the local cloud')
  try {
    await Promise.race([run(), forced])
  } catch (error) {
    if (!stop.aborted) throw error
  }

  async function run(): Promise<void> {
    const cloud = await startCloud({
      port: flags.port ?? null,
      kafkaPort: flags.kafkaPort ?? null,
      bootstrap: flags.bootstrap ?? null,
      dynamodb: flags.dynamodb ?? null,
      doubledInvocations: flags.doubledInvocations ?? 0,
      data: flags.data,
      group: flags.group ?? null,
      config: flags.demo ? { 'penstock.slice.ms': '10000', ...config } : config,
      progress,
      signal: stop,
    })
    console.log(`${pc.green('Penstock is up')}: REST ${cloud.url}  Kafka ${cloud.bootstrap}  data ${cloud.data}`)
    try {
      if (flags.demo) await (await import('../local/demo/demo.ts')).runDemo(cloud, stop)
      else console.log(pc.dim('  Ctrl-C stops it'))
      await aborted(stop)
      console.log('Stopping')
    } finally {
      await cloud.stop()
    }
  }
}

/**
 * `stop` aborts at SIGINT, SIGTERM, SIGHUP or the end of the process that started this one; `forced` rejects at a
 * second SIGINT. One Ctrl-C can arrive several times, from the terminal and from npm: within a second it is one.
 */
function stopSignals(): { stop: AbortSignal; forced: Promise<never> } {
  const controller = new AbortController()
  let first = 0
  const forced = new Promise<never>((_, reject) => {
    process.on('SIGINT', () => {
      if (first > 0 && Date.now() - first > 1_000) reject(new LocalError('Stopped by force'))
      if (first === 0) first = Date.now()
      controller.abort()
    })
  })
  const stop = () => controller.abort()
  process.on('SIGTERM', stop).on('SIGHUP', stop).on('disconnect', stop)
  return { stop: controller.signal, forced }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    // Something has to keep the process alive; the parts' servers do so only while they are there.
    const timer = setInterval(() => {}, 60_000)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      resolve()
    })
  })
}

export function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.')
  return value
}

function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('It must be from 0 to 1.')
  return value
}

export async function readWorkerFile(file: string, flag: string): Promise<RawConfig> {
  const { propertiesOf } = await import('../java/properties-file.ts')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LocalError(`The worker's file ${file} can't be read`, `Mend ${flag}`, cause)
  })
  return propertiesOf(text)
}
