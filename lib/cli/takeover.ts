/** `penstock takeover`: what Penstock would run of a Connect cluster; with --now it does. */
import { Command, Option } from 'commander'
import { ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Occupied } from '../takeover/await-empty.ts'
import type { TakeoverReport } from '../takeover/report.ts'
import type { Worker } from '../worker/settings.ts'
import { CliError, EXIT } from './failure.ts'
import { type Format, print } from './output.ts'
import { port, readWorkerFile, runUp } from './up.ts'

interface Flags {
  readonly worker?: string
  readonly bootstrap?: string
  readonly group?: string
  readonly configTopic?: string
  readonly offsetTopic?: string
  readonly statusTopic?: string
  readonly now?: true
  readonly force?: true
  readonly port: number
  readonly data: string
  readonly output: Format
}

export function takeoverCommand(): Command {
  return new Command('takeover')
    .option('--worker <file>', "the Connect worker's properties file")
    .option('--bootstrap <host:port>', 'its Kafka, where the file names none or another')
    .option('--group <name>', 'its group.id')
    .option('--config-topic <name>', 'its config.storage.topic')
    .option('--offset-topic <name>', 'its offset.storage.topic')
    .option('--status-topic <name>', 'its status.storage.topic')
    .option('--now', 'start the local cloud, once no worker is alive')
    .option('--force', 'with --now: start though something is missing')
    .option('--port <port>', 'with --now: port of the REST API, 0 for a free one', port, 8083)
    .option('--data <folder>', 'with --now: everything that is kept', '.penstock')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['human', 'json', 'yaml']).default('human'))
    .action(takeover)
}

async function takeover(flags: Flags): Promise<void> {
  const given = {
    ...(flags.worker === undefined ? {} : await readWorkerFile(flags.worker, '--worker')),
    ...named(flags),
  }
  const { 'bootstrap.servers': bootstrap = null, 'group.id': group = null } = given
  if (bootstrap === null || group === null)
    throw new CliError(
      EXIT.usage,
      'Which Connect cluster?',
      "Give its worker's file with --worker, or --bootstrap and --group",
    )
  const [{ localWorker }, { clientSettings }, { connect }, { takeoverReport }, { reportText }] = await Promise.all([
    import('../local/worker-config.ts'),
    import('../kafka/client-settings.ts'),
    import('../kafka/cluster.ts'),
    import('../takeover/report.ts'),
    import('./takeover-report.ts'),
  ])
  const { worker } = await localWorker(given, { listeners: `http://127.0.0.1:${flags.port}` })
  const cluster = await connect(clientSettings(worker.raw, 'admin').client).catch((error: unknown) => {
    if (!(error instanceof ConnectError && error.kind === 'retriable')) throw error
    throw new CliError(EXIT.unreachable, error.message, null, error)
  })
  try {
    const report = await takeoverReport(cluster, worker, given)
    await print(flags.output, report, () => reportText(report))
    if (flags.now !== true) {
      if (report.verdict === 'blocked') process.exitCode = EXIT.failed
      return
    }
    if (report.verdict === 'blocked' && flags.force !== true)
      throw new CliError(EXIT.failed, 'Nothing was started: something is missing', '--force starts nevertheless')
    await left(cluster, worker, report)
  } finally {
    await cluster.close()
  }
  await runUp({ port: flags.port, data: flags.data, bootstrap }, given)
}

/** The flags as worker settings. */
function named({ bootstrap, group, configTopic, offsetTopic, statusTopic }: Flags): RawConfig {
  const settings = {
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'config.storage.topic': configTopic,
    'offset.storage.topic': offsetTopic,
    'status.storage.topic': statusTopic,
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** Until nobody runs the connectors; Ctrl-C ends the wait. */
async function left(cluster: Cluster, worker: Worker, { connectors }: TakeoverReport): Promise<void> {
  const { awaitEmpty } = await import('../takeover/await-empty.ts')
  const groups = connectors.flatMap(({ offsets }) => ('sink' in offsets ? [offsets.sink.group] : []))
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    await awaitEmpty(cluster, worker.settings['group.id'], groups, tell, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    throw new CliError(EXIT.failed, 'Stopped while waiting: nothing was started', null, error)
  } finally {
    process.removeListener('SIGINT', interrupt)
  }
}

function tell({ workers, groups }: Occupied): void {
  if (workers.length > 0) console.error(`Waiting: stop the Connect workers ${workers.join(', ')}`)
  else console.error(`Waiting for the groups of sinks to be empty, up to the session timeout: ${groups.join(', ')}`)
}
