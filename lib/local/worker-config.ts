/** The worker settings of a local cloud: the defaults, the file of `--config`, the flags. */
import type { RawConfig } from '../connect/settings.ts'
import { areLoopback, listenersOf, requireAuth } from '../rest/listeners.ts'
import { FILES_ALLOW } from '../worker/file-access.ts'
import { LOCAL_DEFAULTS, openWorker, type Worker } from '../worker/settings.ts'
import { LocalError } from './local-error.ts'

/** Settings of a JVM worker that say where plugins are, how others reach its REST, and how workers find each other. */
const MEANINGLESS =
  /^(plugin\.path|plugin\.discovery|rest\.|admin\.listeners|heartbeat\.interval\.ms|session\.timeout\.ms|rebalance\.timeout\.ms|worker\.(sync|unsync)\.|connect\.protocol|scheduled\.rebalance|inter\.worker\.|task\.shutdown\.graceful)/

export interface LocalWorker {
  /** With its references to config providers resolved. */
  readonly worker: Worker
  /** As the functions are given them, which resolve the references themselves. */
  readonly written: RawConfig
}

/** `LocalError` for settings that can't be, and for an API that others could use without a login. */
export async function localWorker(file: RawConfig, flags: RawConfig): Promise<LocalWorker> {
  const written = { ...defaultsBeside(file), ...file, ...flags }
  try {
    const worker = await openWorker(written)
    const listeners = listenersOf(worker)
    await requireAuth(worker, listeners)
    if (file[FILES_ALLOW] !== undefined || (await areLoopback(listeners))) return { worker, written }
    const bounded = { ...written, [FILES_ALLOW]: '' }
    return { worker: await openWorker(bounded), written: bounded }
  } catch (cause) {
    throw new LocalError(
      `The worker settings are wrong: ${(cause as Error).message}`,
      'Look at the file of --config',
      cause,
    )
  }
}

/** A converter that the file names has its own defaults, as in Connect: JsonConverter's is with schemas. */
function defaultsBeside(file: RawConfig): RawConfig {
  const named = ['key.converter', 'value.converter'].filter((name) => file[name] !== undefined)
  return Object.fromEntries(
    Object.entries(LOCAL_DEFAULTS).filter(([key]) => !named.some((name) => key.startsWith(`${name}.`))),
  )
}

/** The settings of the file that change nothing here; in its order. */
export function meaninglessSettings(file: RawConfig): string[] {
  return Object.keys(file).filter((name) => MEANINGLESS.test(name))
}
