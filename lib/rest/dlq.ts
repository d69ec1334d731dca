/** /penstock/connectors/NAME/dlq: a connector's dead letters, and another try for them (docs/dead-letters.md). */
import type { Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { redriveOrder } from './redrive-order.ts'
import { anything, array, bool, described, integer, named, nullable, object, text } from './schema.ts'

const group = named(
  'DeadLetterGroup',
  object({
    stage: nullable(text),
    error: nullable(text),
    class: nullable(text),
    count: integer,
    redriven: integer,
    firstTimestamp: nullable(integer),
    lastTimestamp: nullable(integer),
    samples: array(object({ letter: text, message: nullable(text) })),
  }),
)
const overview = named(
  'DeadLetters',
  object({
    name: text,
    topic: text,
    count: integer,
    redriven: integer,
    waiting: described('Redriven, and not tried again yet', integer),
    complete: described('False: there were too many to read in one request', bool),
    groups: array(group),
  }),
)
const outcome = named(
  'Redriven',
  object({
    redriven: array(text),
    left: object({ redriven: array(text), loop: array(text), 'no-topic': array(text), omitted: array(text) }),
    more: bool,
    waiting: integer,
  }),
)
const purged = object({
  topic: text,
  partitions: array(object({ partition: integer, deleted: integer, from: integer })),
})

/** What reads and decodes letters is loaded when it is asked for. */
const answers = () => import('./dlq-answers.ts')

export function dlq(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors/:name/dlq',
      summary: "A connector's dead letters, grouped by stage, error and class",
      answers: { 200: overview },
      handle: async (call) => (await answers()).grouped(deps, call),
    },
    {
      method: 'GET',
      path: '/penstock/connectors/:name/dlq/letters',
      summary: 'Dead letters with their errors, decoded where they can be',
      query: { letter: described('PARTITION:OFFSET', text), stage: text, error: text, limit: integer },
      answers: { 200: array(anything) },
      handle: async (call) => (await answers()).letters(deps, call),
    },
    {
      method: 'POST',
      path: '/penstock/connectors/:name/dlq/redrive',
      summary: 'Sends dead letters through the connector again; each once',
      body: redriveOrder,
      answers: { 200: outcome },
      handle: async (call) => (await answers()).redriven(deps, call),
    },
    {
      method: 'DELETE',
      path: '/penstock/connectors/:name/dlq',
      summary: 'Deletes dead letters: all, or those before PARTITION:OFFSET',
      query: { before: text, shared: bool },
      answers: { 200: purged },
      handle: async (call) => (await answers()).purgedLetters(deps, call),
    },
  ]
}
