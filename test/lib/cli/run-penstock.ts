/** The command line in a process of its own, as `npx penstock` starts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const COMMAND = resolve(import.meta.dirname, '../../../bin/penstock.mjs')

export interface Run {
  readonly child: ChildProcess
  /** Of its standard output and its standard error. */
  output(): string
  stdout(): string
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

export interface RunOptions {
  /** All that comes on its standard input. */
  readonly input?: string
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>
}

export function penstock(args: readonly string[], cwd?: string, { input = '', env = {} }: RunOptions = {}): Run {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(input)
  let output = ''
  let stdout = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (stream === child.stdout) stdout += chunk.toString()
    })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  return { child, output: () => output, stdout: () => stdout, ended }
}

export interface Up extends AsyncDisposable {
  readonly run: Run
  readonly url: string
  readonly data: string
  /** Of all processes that belong to it. */
  pids(): Promise<number[]>
}

/** A healthy `penstock up` on free ports and in a data folder of its own. */
export async function penstockUp(args: readonly string[] = []): Promise<Up> {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-up-'))
  const data = join(folder, 'data')
  const run = penstock(['up', '--port', '0', '--kafka-port', '0', '--data', data, ...args], folder)
  let over = false
  void run.ended.then(() => {
    over = true
  })
  for (;;) {
    const url = /REST (http:\S+)/.exec(run.output())?.[1]
    if (url !== undefined)
      return { run, url, data, pids: () => pidsOf(url), [Symbol.asyncDispose]: () => end(run, folder) }
    if (over) throw new Error(run.output())
    await sleep(50)
  }
}

async function end(run: Run, folder: string): Promise<void> {
  run.child.kill('SIGTERM')
  await run.ended
  await rm(folder, { recursive: true, force: true })
}

async function pidsOf(url: string): Promise<number[]> {
  const page = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json()
  const { pids } = (await page('/penstock/local')) as { pids: Record<string, number> }
  const instances = (await page('/penstock/instances')) as { pid: number }[]
  return [...Object.values(pids), ...instances.map(({ pid }) => pid)]
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
