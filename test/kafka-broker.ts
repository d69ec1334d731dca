/**
 * Real brokers for tests. All test files of a run share one, which starts at its first use; a test that stops brokers,
 * or needs logins and TLS, has one of its own.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { startGuard } from '../lib/local/guard.ts'
import { jars } from '../lib/local/jars.ts'
import { findJava } from '../lib/local/java.ts'
import { type Jvm, startJvm } from '../lib/local/jvm.ts'
import { startKafka as startLocalKafka } from '../lib/local/kafka.ts'
import { answersKafka } from '../lib/local/kafka-ready.ts'
import { freePort, LOOPBACK } from '../lib/local/ports.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

export interface KafkaBroker extends AsyncDisposable {
  /** The PLAINTEXT listener. */
  readonly bootstrap: string
  /** Of a broker with `secure`. */
  readonly secure: SecureListeners | null
  /** Ends it at once, as a crash does; only a broker of the test's own. */
  kill(): Promise<void>
  /** Starts it again, on the same ports and data. */
  start(): Promise<void>
  /** Ends a broker of the test's own; the run's goes on. */
  stop(): Promise<void>
}

export interface SecureListeners {
  /** SASL_PLAINTEXT: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 for alice with alice's secret. */
  readonly sasl: string
  /** SASL_PLAINTEXT: OAUTHBEARER with tokens that nobody signed. Logins last 2.5 s. */
  readonly oauth: string
  /** SSL; a client certificate is looked at where there is one. */
  readonly ssl: string
  /** SSL that demands a client certificate. */
  readonly mutual: string
  /** SASL_SSL: SCRAM-SHA-512. */
  readonly saslSsl: string
  readonly certificates: Certificates
}

export const ALICE = { username: 'alice', password: "alice's secret" }

export interface BrokerOptions {
  /** A broker that no other test uses. */
  readonly own?: boolean
  /** Listeners with logins and TLS; a broker of its own. */
  readonly secure?: boolean
  /** With an authorizer, for which whoever connects without a login is a superuser; a broker of its own. */
  readonly authorizer?: boolean
}

/** Takes 2 to 5 s, or nothing where another file of the run has started it. */
export function startKafka(options: BrokerOptions = {}): Promise<KafkaBroker> {
  return options.own || options.secure || options.authorizer ? startOwn(options) : shared()
}

async function startOwn({ secure = false, authorizer = false }: BrokerOptions): Promise<KafkaBroker> {
  const dir = await mkdtemp(join(tmpdir(), 'penstock-kafka-'))
  const [libs, java] = [await jars('kafka'), await findJava()]
  const certificates = secure ? await makeCertificates(dir) : null
  const [plain = 0, controller = 0, ...others] = await ports(secure ? 7 : 2)
  const at = (port: number | undefined) => `${LOOPBACK}:${port}`
  const [sasl, oauth, ssl, mutual, saslSsl] = others.map(at)
  const listeners: SecureListeners | null =
    certificates === null || !sasl || !oauth || !ssl || !mutual || !saslSsl
      ? null
      : { sasl, oauth, ssl, mutual, saslSsl, certificates }
  const config = join(dir, 'server.properties')
  const more = authorizer ? AUTHORIZER : {}
  await writeFile(config, text({ ...properties(dir, at(plain), at(controller), listeners), ...more }))
  const flags = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(libs, '*')]
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => {
    return ['--add-scram', `${mechanism}=[name=${ALICE.username},password="${ALICE.password}"]`]
  })
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, ...(secure ? scram : [])]
  await promisify(execFile)(java, [...flags, quiet, ...format])
  const guard = startGuard()
  let jvm: Jvm | null = null
  const start = async () => {
    jvm = startJvm('Kafka', java, [...flags, quiet, 'kafka.Kafka', config], join(dir, 'kafka.log'), guard)
    await jvm.ready(() => answersKafka(LOOPBACK, plain))
  }
  const kill = async () => {
    if (jvm === null) return
    process.kill(jvm.pid, 'SIGKILL')
    await jvm.exited
    jvm = null
  }
  const stop = async () => {
    await kill()
    await guard.stop()
    await rm(dir, { recursive: true, force: true })
  }
  await start()
  return { bootstrap: at(plain), secure: listeners, start, kill, stop, [Symbol.asyncDispose]: stop }
}

const CLUSTER_ID = 'UGVuc3RvY2stVGVzdHMtMQ'
const JAAS = 'org.apache.kafka.common.security'
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

function properties(dir: string, plain: string, controller: string, secure: SecureListeners | null) {
  const one = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    // After a crash a broker is let in again once its old session has ended.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',
  }
  const outside = { PLAINTEXT: plain, ...(secure === null ? {} : named(secure)) }
  const listed = (all: Record<string, string>) => Object.entries(all).map(([name, address]) => `${name}://${address}`)
  const listeners = {
    ...one,
    listeners: listed({ ...outside, CONTROLLER: controller }).join(','),
    'advertised.listeners': listed(outside).join(','),
  }
  if (secure === null) return listeners
  const protocols = 'SASL:SASL_PLAINTEXT,OAUTH:SASL_PLAINTEXT,SSL:SSL,MUTUAL:SSL,SASLSSL:SASL_SSL'
  const { alice, scram, unsecured } = {
    alice: `${JAAS}.plain.PlainLoginModule required user_${ALICE.username}="${ALICE.password}";`,
    scram: `${JAAS}.scram.ScramLoginModule required;`,
    unsecured: `${JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
  return {
    ...listeners,
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,${protocols}`,
    'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl.plain.sasl.jaas.config': alice,
    'listener.name.sasl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.oauth.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.oauth.oauthbearer.sasl.jaas.config': unsecured,
    'listener.name.oauth.oauthbearer.connections.max.reauth.ms': '2500',
    'listener.name.saslssl.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.saslssl.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.ssl.ssl.client.auth': 'requested',
    'listener.name.mutual.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': secure.certificates.brokerKeystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': secure.certificates.authority,
  }
}

function named({ sasl, oauth, ssl, mutual, saslSsl }: SecureListeners): Record<string, string> {
  return { SASL: sasl, OAUTH: oauth, SSL: ssl, MUTUAL: mutual, SASLSSL: saslSsl }
}

function text(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function ports(count: number): Promise<number[]> {
  const found = new Set<number>()
  while (found.size < count) found.add(await freePort())
  return [...found]
}

/** The process that the run ends with: Vitest's own, the parent of a fork. */
const RUN = process.env['VITEST'] !== undefined && isMainThread ? process.ppid : process.pid

/** Whoever makes the folder first has a process of its own start the broker; it ends with the run, however that ends. */
async function shared(): Promise<KafkaBroker> {
  const dir = join(tmpdir(), `penstock-tests-${RUN}`)
  const ready = join(dir, 'ready')
  try {
    mkdirSync(dir)
    const args = [import.meta.filename, String(RUN), dir]
    spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  while (!existsSync(ready)) await sleep(50)
  const { bootstrap, failure } = JSON.parse(readFileSync(ready, 'utf8')) as { bootstrap?: string; failure?: string }
  if (bootstrap === undefined) throw new Error(`Kafka for the tests did not start: ${failure}`)
  const never = () => Promise.reject(new Error('The broker of all tests stays: ask for one with { own: true }'))
  const stop = () => Promise.resolve()
  return { bootstrap, secure: null, start: never, kill: never, stop, [Symbol.asyncDispose]: stop }
}

async function serveRun(run: number, dir: string): Promise<void> {
  const guard = startGuard()
  const tell = async (news: object) => {
    await writeFile(join(dir, 'news'), JSON.stringify(news))
    await rename(join(dir, 'news'), join(dir, 'ready'))
  }
  try {
    const where = { data: join(dir, 'kafka'), logFile: join(dir, 'kafka.log'), port: 0 }
    const kafka = await startLocalKafka({ ...where, libs: await jars('kafka'), java: await findJava(), guard })
    await tell({ bootstrap: kafka.address })
  } catch (error) {
    await tell({ failure: (error as Error).message })
  }
  while (alive(run)) await sleep(250)
  await guard.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

if (import.meta.main) await serveRun(Number(process.argv[2]), process.argv[3] ?? '')
