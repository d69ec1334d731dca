/** GET /penstock/metrics: answered from the views and the leases, without the tasks. */
import type { Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { lookAtAll } from './metrics/sight.ts'
import { text } from './schema.ts'

export function metrics(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/metrics',
      summary: "Kafka Connect's metrics, and Penstock's own, as Prometheus' text",
      produces: 'text/plain',
      answers: { 200: text },
      async handle() {
        const [{ exposition, CONTENT_TYPE }, seen] = await Promise.all([
          import('./metrics/exposition.ts'),
          lookAtAll(deps),
        ])
        return { status: 200, text: await exposition(seen), headers: { 'Content-Type': CONTENT_TYPE } }
      },
    },
  ]
}
