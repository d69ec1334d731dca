/** What this process uses of what is paid for, from one moment to another. An instance has one invocation at a time. */
import { requestsSent } from '../kafka/request-count.ts'
import { tableUnits } from '../state/table-units.ts'
import { NO_USAGE, type Usage, usageOf } from '../state/usage.ts'
import { messagesSent } from './events.ts'

/** How long the process took to load, in seconds: paid for as well, with the first invocation. */
const INIT_S = performance.now() / 1_000
const GB = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0) / 1_024
let isFirst = true

/** What has been used since the meter was started, with an invocation that began then. */
export function startMeter(more: Partial<Usage> = {}): () => Usage {
  const startedAt = performance.now() - (isFirst ? INIT_S * 1_000 : 0)
  isFirst = false
  const before = counted()
  return () => {
    const now = counted()
    const gbSeconds = (GB * (performance.now() - startedAt)) / 1_000
    const since = usageOf((field) => now[field] - before[field])
    return { ...since, gbSeconds, invocations: 1, ...more }
  }
}

function counted(): Usage {
  const { reads, writes } = tableUnits()
  return { ...NO_USAGE, tableReads: reads, tableWrites: writes, kafkaRequests: requestsSent(), ...messagesSent() }
}
