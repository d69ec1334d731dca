/** GET / and GET /health (KIP-1017). */
import { ok, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { tableGone } from './lost-table.ts'
import { named, object, oneOf, text } from './schema.ts'

/** The Connect release whose API this is; clients decide by it what they may ask for. */
export const CONNECT_VERSION = '4.3.1'
const COMMIT = 'penstock'

const serverInfo = named('ServerInfo', object({ version: text, commit: text, kafka_cluster_id: text }))
const health = named('WorkerStatus', object({ status: oneOf('healthy', 'starting', 'unhealthy'), message: text }))

export function root(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'The Connect release whose API this is, and the id of the Kafka cluster',
      answers: { 200: serverInfo },
      async handle() {
        return ok({ version: CONNECT_VERSION, commit: COMMIT, kafka_cluster_id: deps.admin.clusterId ?? '' })
      },
    },
    {
      method: 'GET',
      path: '/health',
      summary: 'Whether requests can be handled (KIP-1017)',
      answers: { 200: health, 503: health },
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
