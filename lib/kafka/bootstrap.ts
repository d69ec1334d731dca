/** Finding a first broker among those that the user names. */
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import { type Address, addressText } from './address.ts'
import type { ClientSettings } from './client-settings.ts'
import { unreachable } from './connection-failure.ts'

/** Rounds over the addresses: a broker that starts just now gets a second chance, a wrong address no minute. */
const ROUNDS = 3
/** So long an address has before the next is tried beside it: one broker that is down costs no more. */
const HEAD_START_MS = 500

/**
 * Calls `introduce` for the addresses, the next as soon as one has failed or is slow, until one resolves. Gives up
 * after three rounds, or when `socket.connection.setup.timeout.ms` is over at the end of one, with an error that names
 * all addresses; at once where no repetition would help.
 */
export async function firstOf(
  addresses: readonly Address[],
  settings: ClientSettings,
  introduce: (address: Address) => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + settings.connectTimeoutMs
  for (let round = 1; ; round++) {
    const reasons = await oneRound(addresses, introduce)
    if (reasons === null) return
    const failure = unreachable(reasons, settings)
    const wait = settings.reconnectBackoffMs * 2 ** round
    if (failure.kind !== 'retriable' || round === ROUNDS || Date.now() + wait >= deadline) throw failure
    await pause(wait)
  }
}

/** Null for success, else the reasons by address. */
async function oneRound(
  addresses: readonly Address[],
  introduce: (address: Address) => Promise<void>,
): Promise<ReadonlyMap<string, ConnectError> | null> {
  const done = new AbortController()
  const reasons = new Map<string, ConnectError>()
  const turn = async (address: Address): Promise<void> => {
    if (done.signal.aborted) return
    try {
      await introduce(address)
      done.abort()
    } catch (error) {
      reasons.set(addressText(address), asConnectError(error))
      throw error
    }
  }
  let free: Promise<unknown> = Promise.resolve()
  const turns = addresses.map((address) => {
    const before = free
    const attempt = before.then(() => turn(address))
    const failed = attempt.catch(() => {})
    free = before.then(() => Promise.race([failed, pause(HEAD_START_MS, done)]))
    return attempt
  })
  try {
    await Promise.any(turns)
    return null
  } catch {
    return reasons
  } finally {
    done.abort()
  }
}

/** An answer that can't be understood is a `ConnectError` too. */
export function asConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error
  return new ConnectError(`Unexpected answer of a broker: ${(error as Error).message}`, { cause: error })
}
