/** The coordinator: one reconcile pass per event, over the event's connector or over all. */
import middy from '@middy/core'
import { type CoordinatorEvent, handle } from '../../lib/coordinator/events.ts'
import { coordinatorDeps } from '../../lib/coordinator/open.ts'
import { counted } from '../../lib/worker/own-usage.ts'

export const handler = middy(
  counted('_coordinator', async (event: CoordinatorEvent): Promise<void> => {
    await handle(await coordinatorDeps(), event)
  }),
)
