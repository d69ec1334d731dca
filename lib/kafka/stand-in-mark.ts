/** What a stand-in has in its subscription's user data: whose it is. Range assignors don't look at it. */
import { WireReader } from './wire.ts'

const MARK = 'penstock:'

export function markOf(connector: string): string {
  return `${MARK}${connector}`
}

/** Null for another's member, and where the broker doesn't tell a member's metadata. */
export function connectorOf(metadata: Buffer): string | null {
  const userData = userDataOf(metadata)
  return userData.startsWith(MARK) ? userData.slice(MARK.length) : null
}

function userDataOf(metadata: Buffer): string {
  try {
    const reader = new WireReader(metadata)
    reader.int16()
    reader.array((r) => r.string())
    return reader.bytes()?.toString() ?? ''
  } catch (error) {
    // Of another protocol.
    if (!(error instanceof RangeError)) throw error
    return ''
  }
}
