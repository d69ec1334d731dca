/** The task function: one slice of one task of one connector. */
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { tuneHeap } from '../../lib/slice/heap.ts'
import { sliceDeps } from '../../lib/slice/open.ts'
import { runSlice } from '../../lib/slice/slice.ts'
import { watchdog } from '../../lib/slice/watchdog.ts'
import type { TaskEvent } from '../../lib/worker/events.ts'
import { startMeter } from '../../lib/worker/usage-meter.ts'

tuneHeap()

export const handler = middy(async (event: TaskEvent, context: Context): Promise<void> => {
  const deadline = Date.now() + context.getRemainingTimeInMillis()
  const used = startMeter()
  const { deps, env } = await sliceDeps(event, used)
  const dog = watchdog(env.local)
  dog.watch(deadline)
  await runSlice(event, { requestId: context.awsRequestId, deadline }, deps)
  dog.watch(null)
})
