/** A `penstock up` of the test's own: a process in a temporary folder on free ports, driven over REST. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Instance {
  readonly pid: number
  readonly function: 'rest' | 'coordinator' | 'task'
  readonly state: 'owner' | 'heir' | 'idle'
  readonly connector: string | null
  readonly task: number | null
  readonly epoch: number | null
}

export interface TaskProgress {
  readonly id: number
  readonly epoch: number
  readonly owner: string | null
  readonly slices: number
  readonly restarts: number
  readonly nextWake: number | null
  readonly stalled?: { readonly since: number; readonly restartAt: number | null } | null
  readonly nextRestart: number | null
  readonly note?: string | null
  readonly counters: Readonly<Record<'read' | 'filtered' | 'written' | 'skipped' | 'deadLettered' | 'retried', number>>
  readonly accounting: Readonly<Record<'passed' | 'gaps' | 'uncounted' | 'ahead', number>> & {
    readonly mismatch: string | null
  }
}

export interface ConnectorProgress {
  readonly name: string
  readonly state: string
  readonly guarantee: string
  readonly tasks: readonly TaskProgress[]
}

export interface Local {
  readonly bootstrap: string
  readonly dynamodb: string
  readonly table: string
  readonly pids: Readonly<Record<string, number>>
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export class Penstock {
  readonly url: string
  readonly folder: string
  readonly #child: ChildProcess
  readonly #output: string[]

  private constructor(url: string, folder: string, child: ChildProcess, output: string[]) {
    this.url = url
    this.folder = folder
    this.#child = child
    this.#output = output
  }

  /** Ready when healthy. `settings` are worker settings; `folder` continues where another one was stopped. */
  static async start(
    options: {
      settings?: Readonly<Record<string, string>>
      folder?: string
      bootstrap?: string
      group?: string
      demo?: boolean
      /** Of a Connect worker: waits until it is left, and takes its cluster over. */
      takeover?: string
      /** More of `penstock up`. */
      flags?: readonly string[]
    } = {},
  ): Promise<Penstock> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'penstock-')))
    const config = join(folder, 'worker.properties')
    const lines = Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`)
    await writeFile(config, `${lines.join('\n')}\n`)
    const data = join(folder, 'data')
    const flags = ['up', '--port', '0', '--kafka-port', '0', '--data', data, '--config', config]
    if (options.takeover !== undefined)
      flags.splice(0, flags.length, 'takeover', '--now', '--worker', options.takeover, '--port', '0', '--data', data)
    if (options.bootstrap !== undefined) flags.push('--bootstrap', options.bootstrap)
    if (options.group !== undefined) flags.push('--group', options.group)
    if (options.demo === true) flags.push('--demo')
    flags.push(...(options.flags ?? []))
    const child = spawn(process.execPath, ['bin/penstock.mjs', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    // It cleans up after itself, also where the test's own process is ended.
    const end = () => void child.kill('SIGTERM')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    const output: string[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    const url = await until('penstock up to print its address', 90_000, async () => {
      if (child.exitCode !== null) throw new Error(`penstock up ended with ${child.exitCode}:\n${output.join('')}`)
      return /REST (http:\/\/(?:127\.0\.0\.1|localhost):\d+)/.exec(output.join(''))?.[1]
    })
    const penstock = new Penstock(url, folder, child, output)
    await until('GET /health to be 200', 90_000, async () => (await penstock.get('/health')).status === 200)
    return penstock
  }

  get output(): string {
    return this.#output.join('')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    try {
      const response = await fetch(this.url + path, { method, ...init })
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : JSON.parse(text) }
    } catch (error) {
      return { status: 0, body: String(error) }
    }
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path)
  }

  /** Creates a connector; fails the test where that isn't 201. */
  async create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.request('POST', '/connectors', { name, config })
    if (answer.status !== 201) throw new Error(`POST of ${name}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }

  async progress(name: string): Promise<ConnectorProgress> {
    return (await this.get(`/penstock/connectors/${name}`)).body as ConnectorProgress
  }

  async taskState(name: string, task = 0): Promise<{ readonly state: string; readonly trace?: string } | undefined> {
    const body = (await this.get(`/connectors/${name}/status`)).body as { tasks?: { id: number; state: string }[] }
    return body.tasks?.find((one) => one.id === task)
  }

  async instances(): Promise<readonly Instance[]> {
    return (await this.get('/penstock/instances')).body as Instance[]
  }

  async local(): Promise<Local> {
    return (await this.get('/penstock/local')).body as Local
  }

  /** Ends it as Ctrl-C does; answers the exit code, and the pids of its processes that are still there. */
  async stop(
    signal: NodeJS.Signals = 'SIGINT',
  ): Promise<{ readonly code: number | null; readonly left: readonly number[] }> {
    const [local, instances] = await Promise.all([this.get('/penstock/local'), this.get('/penstock/instances')])
    // Where it is ending already there is nobody to ask.
    const pids = local.status === 200 ? Object.values((local.body as Local).pids ?? {}) : []
    if (instances.status === 200) pids.push(...(instances.body as Instance[]).map((one) => one.pid))
    const ended = new Promise<number | null>((resolve) => this.#child.once('exit', resolve))
    this.#child.kill(signal)
    const code = this.#child.exitCode ?? (await ended)
    await sleep(300)
    return { code, left: pids.filter(isAlive) }
  }

  /** For the end of a test: stops it if it runs, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Asks until the answer is neither false nor undefined; says what it waited for when the time is over. */
export async function until<T>(what: string, ms: number, ask: () => Promise<T | false | undefined>): Promise<T> {
  const end = Date.now() + ms
  let last: unknown
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined) return answer
    last = answer
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; last answer: ${JSON.stringify(last)}`)
    await sleep(50)
  }
}
