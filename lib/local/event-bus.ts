/** EventBridge's PutEvents, with one rule: every event of the bus goes to the target. */
import { randomUUID } from 'node:crypto'
import { AwsError, serveAwsJson } from './aws-json.ts'
import { ACCOUNT, REGION } from './function-config.ts'
import type { Part } from './part.ts'

const ENTRIES_LIMIT = 10

/** An event as a rule's target gets it. */
export interface BusMessage {
  readonly version: '0'
  readonly id: string
  readonly 'detail-type': string
  readonly source: string
  readonly account: string
  readonly time: string
  readonly region: string
  readonly resources: readonly string[]
  readonly detail: unknown
}

export interface EventBus extends Part {
  /** From within the cloud: failure destinations. */
  put(source: string, detailType: string, detail: unknown): void
  /** Accepts events and drops them. */
  pause(): void
}

export async function startEventBus(bus: string, target: (message: BusMessage) => void): Promise<EventBus> {
  let paused = false
  const put = (source: string, detailType: string, detail: unknown): string => {
    const time = `${new Date().toISOString().slice(0, 19)}Z`
    const id = randomUUID()
    const origin = { account: ACCOUNT, time, region: REGION, resources: [] }
    if (!paused) target({ version: '0', id, 'detail-type': detailType, source, ...origin, detail })
    return id
  }
  const putEntry = (entry: Readonly<Record<string, unknown>>) => {
    const { Source, DetailType, Detail, EventBusName } = entry
    if (EventBusName !== bus) return refused('ResourceNotFoundException', `Event bus ${EventBusName} does not exist.`)
    if (typeof Source !== 'string' || typeof DetailType !== 'string')
      return refused('InvalidArgument', 'Parameter Source or DetailType is not valid. Reason: it is required.')
    const detail = objectOf(Detail)
    if (detail === null) return refused('MalformedDetail', 'Detail is malformed.')
    return { EventId: put(Source, DetailType, detail) }
  }
  const part = await serveAwsJson({
    PutEvents({ Entries }) {
      if (!Array.isArray(Entries) || Entries.length === 0 || Entries.length > ENTRIES_LIMIT)
        throw new AwsError('ValidationException', `1 to ${ENTRIES_LIMIT} entries are expected`)
      const results = Entries.map(putEntry)
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results }
    },
  })
  return {
    address: part.address,
    pid: part.pid,
    put: (source, detailType, detail) => void put(source, detailType, detail),
    pause() {
      paused = true
    },
    stop: () => part.stop(),
  }
}

function refused(ErrorCode: string, ErrorMessage: string): { ErrorCode: string; ErrorMessage: string } {
  return { ErrorCode, ErrorMessage }
}

function objectOf(text: unknown): object | null {
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
