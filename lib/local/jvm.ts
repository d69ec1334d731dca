/** One Java server as a child process: its log, its end, and waiting until it is ready. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Guard } from './guard.ts'
import { LocalError } from './local-error.ts'

/** A broker flushes its logs within this; after it SIGKILL. */
const STOP_MS = 10_000
const READY_MS = 120_000

export interface Jvm {
  readonly pid: number
  readonly exited: Promise<void>
  /** Polls `ready`; `LocalError` with the log's last lines where the process ends before. */
  ready(ready: () => Promise<boolean>): Promise<void>
  stop(): Promise<void>
}

/** Runs `java ...args`, detached from the terminal so that Ctrl-C reaches the cloud alone. */
export function startJvm(name: string, java: string, args: readonly string[], logFile: string, guard: Guard): Jvm {
  const log = openSync(logFile, 'w')
  // Native libraries that the jars unpack: a killed JVM leaves them behind.
  const own = `-Djava.io.tmpdir=${dirname(logFile)}`
  const child = spawn(java, [own, ...args], { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const pid = child.pid ?? 0
  if (pid !== 0) guard.watch(pid)
  let ended: string | null = null
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended ??= how
      guard.forget(pid)
      resolve()
    }
    child.once('exit', (code, signal) => end(signal ?? `exit status ${code}`))
    child.once('error', (error) => end(error.message))
  })
  return {
    pid,
    exited,
    async ready(ready) {
      const end = Date.now() + READY_MS
      while (!(await ready())) {
        if (ended !== null)
          throw new LocalError(`${name} did not start (${ended}): ${await lastLine(logFile)}`, `Its log: ${logFile}`)
        if (Date.now() > end)
          throw new LocalError(`${name} was not ready within ${READY_MS / 1000} s`, `Its log: ${logFile}`)
        await sleep(25)
      }
    },
    async stop() {
      if (ended === null) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

async function lastLine(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n')
  const telling = lines.findLast((line) => /exception|error|fatal/i.test(line) && !/^\s+at /.test(line))
  return telling ?? lines.at(-1) ?? 'it left no log'
}
