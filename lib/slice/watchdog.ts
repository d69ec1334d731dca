/**
 * Ends the process when the wall clock passes the deadline of the running invocation, or when the parent is gone
 * (local cloud): nobody outside can stop a hung invocation, and a busy event loop runs no timers.
 * One thread a process; a look costs a few microseconds.
 */
import { Worker } from 'node:worker_threads'

const LOOK_MS = 250

const BODY = `
const { workerData } = require('node:worker_threads')
const clock = new BigInt64Array(workerData.shared)
setInterval(() => {
  const deadline = Number(Atomics.load(clock, 0))
  const late = deadline > 0 && Date.now() > deadline
  if (late || (workerData.parent !== 0 && process.ppid !== workerData.parent)) process.kill(process.pid, 'SIGKILL')
}, ${LOOK_MS})
`

export interface Watchdog {
  /** Epoch ms; null while no invocation runs. */
  watch(deadline: number | null): void
}

let started: Watchdog | undefined

/** The process's watchdog; `watchParent` under the local cloud, where an instance must not outlive its service. */
export function watchdog(watchParent: boolean): Watchdog {
  if (started !== undefined) return started
  const shared = new SharedArrayBuffer(8)
  const clock = new BigInt64Array(shared)
  const parent = watchParent ? process.ppid : 0
  const thread = new Worker(BODY, { eval: true, workerData: { shared, parent }, stdout: false, stderr: false })
  thread.unref()
  started = { watch: (deadline) => void Atomics.store(clock, 0, BigInt(deadline ?? 0)) }
  return started
}
