/** The worker settings of a local cloud: the defaults, the file of `--config`, the flags. */
import type { RawConfig } from '../connect/settings.ts'
import { LOCAL_DEFAULTS, type Worker, worker } from '../worker/settings.ts'
import { LocalError } from './local-error.ts'

/** Settings of a JVM worker that say where plugins are, how REST is reached, and how workers find each other. */
const MEANINGLESS =
  /^(plugin\.path|plugin\.discovery|listeners|rest\.|admin\.listeners|access\.control\.|response\.http\.headers|ssl\.client\.auth|heartbeat\.interval\.ms|session\.timeout\.ms|rebalance\.timeout\.ms|worker\.(sync|unsync)\.|connect\.protocol|scheduled\.rebalance|inter\.worker\.|task\.shutdown\.graceful)/

export function localWorker(file: RawConfig, flags: RawConfig): Worker {
  try {
    return worker({ ...LOCAL_DEFAULTS, ...file, ...flags })
  } catch (cause) {
    throw new LocalError(
      `The worker settings are wrong: ${(cause as Error).message}`,
      'Look at the file of --config',
      cause,
    )
  }
}

/** The settings of the file that change nothing here; in its order. */
export function meaninglessSettings(file: RawConfig): string[] {
  return Object.keys(file).filter((name) => MEANINGLESS.test(name))
}
