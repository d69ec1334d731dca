/** EventBridge Scheduler's `rate(1 minute)`; its first event comes at the start. */
import { randomUUID } from 'node:crypto'
import { ACCOUNT, REGION } from './function-config.ts'

const PERIOD_MS = 60_000

export interface Schedule {
  stop(): void
}

/** A tick that isn't dealt with yet is not followed by another. */
export function startSchedule(target: (event: object) => Promise<unknown>, periodMs = PERIOD_MS): Schedule {
  let running = false
  const tick = async () => {
    if (running) return
    running = true
    try {
      await target({
        version: '0',
        id: randomUUID(),
        'detail-type': 'Scheduled Event',
        source: 'aws.scheduler',
        account: ACCOUNT,
        time: `${new Date().toISOString().slice(0, 19)}Z`,
        region: REGION,
        resources: [],
        detail: {},
      })
    } finally {
      running = false
    }
  }
  void tick()
  const timer = setInterval(() => void tick(), periodMs)
  return { stop: () => clearInterval(timer) }
}
