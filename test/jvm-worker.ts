/** A real Kafka Connect worker in distributed mode, to compare with and to hand over to. Its start takes about 10 s. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGuard } from '../lib/local/guard.ts'
import { jars } from '../lib/local/jars.ts'
import { findJava } from '../lib/local/java.ts'
import { startJvm } from '../lib/local/jvm.ts'
import { freePort, LOOPBACK } from '../lib/local/ports.ts'

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

export interface JvmWorkerOptions {
  readonly bootstrap: string
  /** `group.id`; its topics are GROUP-configs, GROUP-offsets and GROUP-status. */
  readonly group: string
  /** More worker settings; they win. */
  readonly settings?: Readonly<Record<string, string>>
  /** More flags of the JVM. */
  readonly flags?: readonly string[]
}

/** For a test: a quicker start, at the price of speed later on. */
export const QUICK_START: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
/** About ten times what it takes on an idle machine. */
const READY_MS = 180_000
const STOP_MS = 60_000

export interface JvmWorker extends AsyncDisposable {
  /** Of its REST API. */
  readonly url: string
  readonly pid: number
  readonly logFile: string
  /** The body is JSON both ways, null for none. Asks again while the worker refuses because of a rebalance. */
  request(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
  /** SIGTERM; resolves when the process is gone, its tasks committed and its groups left. */
  stop(): Promise<void>
}

/** Ready when its REST API answers. It ends with this process, however that ends. */
export async function startJvmWorker(options: JvmWorkerOptions): Promise<JvmWorker> {
  const { bootstrap, group, settings = {} } = options
  const dir = await mkdtemp(join(tmpdir(), 'penstock-jvm-worker-'))
  const [libs, java, port] = await Promise.all([jars('connect'), findJava(), freePort()])
  const url = `http://${LOOPBACK}:${port}`
  const config = join(dir, 'worker.properties')
  const logFile = join(dir, 'worker.log')
  const lines = Object.entries({ ...defaults(bootstrap, group, url), ...settings }).map(
    ([key, value]) => `${key}=${value}\n`,
  )
  await writeFile(config, lines.join(''))
  const guard = startGuard()
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const flags = ['-Xmx1g', ...(options.flags ?? []), quiet, '-cp', join(libs, '*')]
  const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
  const jvm = startJvm('Kafka Connect', java, [...flags, main, config], logFile, guard)
  let ended = false
  void jvm.exited.then(() => {
    ended = true
  })
  const request: JvmWorker['request'] = async (method, path, body) => {
    const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    for (const end = Date.now() + READY_MS; ; await sleep(200)) {
      const response = await fetch(url + path, { method, ...(body === undefined ? {} : json) })
      const text = await response.text()
      if (response.ok || !/rebalance/.test(text) || Date.now() > end)
        return { status: response.status, body: text === '' ? null : JSON.parse(text) }
    }
  }
  const answers = () =>
    request('GET', '/connectors').then(
      ({ status }) => status === 200,
      () => false,
    )
  const stop = async () => {
    if (!ended) process.kill(jvm.pid, 'SIGTERM')
    await Promise.race([jvm.exited, sleep(STOP_MS, null, { ref: false })])
    await guard.stop()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    for (const end = Date.now() + READY_MS; !(await answers()); await sleep(100)) {
      if (!ended && Date.now() < end) continue
      const log = (await readFile(logFile, 'utf8')).slice(-4_000)
      throw new Error(`The JVM worker ${ended ? 'ended' : `did not answer within ${READY_MS / 1000} s`}:\n${log}`)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { url, pid: jvm.pid, logFile, request, stop, [Symbol.asyncDispose]: stop }
}

function defaults(bootstrap: string, group: string, url: string): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'key.converter': JSON_CONVERTER,
    'value.converter': JSON_CONVERTER,
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'config.storage.topic': `${group}-configs`,
    'config.storage.replication.factor': '1',
    'offset.storage.topic': `${group}-offsets`,
    'offset.storage.replication.factor': '1',
    'status.storage.topic': `${group}-status`,
    'status.storage.replication.factor': '1',
    'exactly.once.source.support': 'enabled',
    'plugin.discovery': 'hybrid_warn',
    listeners: url.replace('http', 'HTTP'),
  }
}
