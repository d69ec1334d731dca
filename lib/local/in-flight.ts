/**
 * The asynchronous invocations that have begun and not ended, one file each. What is there at a start was cut off
 * with the cloud before: nobody runs it any more, and it can be reported as failed without waiting for a deadline.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface CutOff {
  readonly requestId: string
  readonly functionName: string
  readonly payload: unknown
}

export interface InFlight {
  begin(requestId: string, functionName: string, payload: Buffer): void
  end(requestId: string): void
  /** What an earlier cloud left behind, once. */
  takeCutOff(): readonly CutOff[]
}

export function openInFlight(folder: string): InFlight {
  mkdirSync(folder, { recursive: true })
  const left = readdirSync(folder)
  return {
    begin: (requestId, functionName, payload) =>
      writeFileSync(join(folder, requestId), `${JSON.stringify({ functionName })}\n${payload.toString()}`),
    end: (requestId) => rmSync(join(folder, requestId), { force: true }),
    takeCutOff: () => left.splice(0).flatMap((requestId) => take(join(folder, requestId), requestId)),
  }
}

function take(file: string, requestId: string): CutOff[] {
  const [head, ...rest] = readFileSync(file, 'utf8').split('\n')
  rmSync(file)
  try {
    const { functionName } = JSON.parse(head ?? '') as { functionName: string }
    return [{ requestId, functionName, payload: JSON.parse(rest.join('\n')) }]
  } catch {
    // Cut off while it was written: the invocation hadn't begun.
    return []
  }
}
