/** GET / and GET /health (KIP-1017). */
import { ok, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { tableGone } from './lost-table.ts'

/** The Connect release whose API this is; clients decide by it what they may ask for. */
const CONNECT_VERSION = '4.3.1'
const COMMIT = 'penstock'

export function root(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      async handle() {
        return ok({ version: CONNECT_VERSION, commit: COMMIT, kafka_cluster_id: await deps.clusterId() })
      },
    },
    {
      method: 'GET',
      path: '/health',
      async handle() {
        try {
          await deps.configs.catchUp()
        } catch (error) {
          if (error instanceof (await tableGone())) throw error
          return { status: 503, body: { status: 'unhealthy', message: (error as Error).message } }
        }
        const message = 'Worker has completed startup and is ready to handle requests.'
        return ok({ status: 'healthy', message })
      },
    },
  ]
}
