/** /connectors/NAME/topics and topics/reset (KIP-558): the topics that a connector has used. */
import { accepted, ok, RestError, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { array, map, object, text } from './schema.ts'

export function topics(deps: Deps): Route[] {
  const { settings } = deps.worker
  return [
    {
      method: 'GET',
      path: '/connectors/:name/topics',
      summary: 'The topics that a connector has used since it was created or they were reset',
      answers: { 200: map(object({ topics: array(text) })) },
      async handle({ name }) {
        if (!settings['topic.tracking.enable']) throw new RestError(403, 'Topic tracking is disabled.')
        return ok({ [name]: { topics: await activeTopics(deps, name) } })
      },
    },
    {
      method: 'PUT',
      path: '/connectors/:name/topics/reset',
      summary: 'Forgets the topics that a connector has used',
      answers: { 202: null },
      async handle({ name }) {
        if (!settings['topic.tracking.enable']) throw new RestError(403, 'Topic tracking is disabled.')
        if (!settings['topic.tracking.allow.reset']) throw new RestError(403, 'Topic tracking reset is disabled.')
        const used = await activeTopics(deps, name)
        if (used.length > 0)
          await deps.statuses.publish(used.map((topic) => ({ kind: 'topic', connector: name, topic, active: null })))
        return accepted()
      },
    },
  ]
}

/** Also of a connector that isn't there: it has none, as in Connect. */
async function activeTopics({ configs, statuses }: Deps, name: string): Promise<string[]> {
  await Promise.all([configs.catchUp(), statuses.catchUp()])
  const view = await configs.view(name)
  return view === null || view.config === null ? [] : view.topics.map(({ topic }) => topic)
}
