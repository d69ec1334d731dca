/**
 * The wish that the process ends: SIGTERM, which the local cloud sends to running instances when it stops. The running
 * slice drains and seals at once; without it, what a sink wrote since its last commit would be written again.
 */

let asked: AbortController | undefined

/** Aborts at SIGTERM, which doesn't end the process any more. */
export function shutdown(): AbortSignal {
  if (asked !== undefined) return asked.signal
  const controller = new AbortController()
  process.once('SIGTERM', () => controller.abort())
  asked = controller
  return controller.signal
}
