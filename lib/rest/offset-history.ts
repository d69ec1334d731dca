/** /penstock/connectors/NAME/offsets/history and undo: what a user's changes replaced, and the way back to it. */
import type { OffsetChange } from '../connect/plugin.ts'
import type { Position } from '../connect/record.ts'
import { type Json, jsonText, tryParseJson } from '../state/json-text.ts'
import type { OffsetVersion } from '../state/offset-history.ts'
import { partitionId } from '../state/offset-records.ts'
import { type Answer, type Call, notFound, type Route } from './answer.ts'
import { requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { changeStopped, message, offsetsOf, requireStopped } from './offsets.ts'
import { type ConnectorOffset, connectorOffset } from './offsets-body.ts'
import { array, integer, named, nullable, object, oneOf, text } from './schema.ts'
import { askedVersion, versionBody } from './version-body.ts'

const offsetVersion = object({
  version: integer,
  time: integer,
  change: oneOf('alter', 'reset', 'undo'),
  by: nullable(text),
  offsets: array(connectorOffset),
})
const history = named('OffsetHistory', object({ name: text, versions: array(offsetVersion) }))

export function offsetHistory(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors/:name/offsets/history',
      summary: 'What the offsets were before each change by a user, the youngest change first',
      answers: { 200: history },
      async handle({ name }) {
        const versions = await deps.offsetHistory.all(name)
        if (versions.length === 0) await requireView(deps, name)
        const shown = versions.map(({ before, ...version }) => ({
          ...version,
          offsets: parsed(before) as unknown as Json,
        }))
        return { status: 200, text: jsonText({ name, versions: shown }) }
      },
    },
    {
      method: 'POST',
      path: '/penstock/connectors/:name/offsets/undo',
      summary: 'Puts the offsets of a stopped connector back to what they were before a change, by default the last',
      body: versionBody,
      answers: { 200: message },
      handle: (call) => undo(deps, call),
    },
  ]
}

async function undo(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const asked = await askedVersion(call)
  const view = await requireStopped(deps, name)
  const before = parsed(chosen(name, await deps.offsetHistory.all(name), asked).before)
  const kept = new Set(before.map(({ partition }) => partitionId(partition)))
  const added = (await offsetsOf(deps, view)).filter(({ partition }) => !kept.has(partitionId(partition)))
  const changes: OffsetChange[] = [...before, ...added.map(({ partition }) => ({ partition, offset: null }))]
  return changeStopped(deps, view, changes, { change: 'undo', by: call.user })
}

function chosen(name: string, versions: readonly OffsetVersion[], asked: number | null): OffsetVersion {
  const found = asked === null ? versions[0] : versions.find(({ version }) => version === asked)
  if (found !== undefined) return found
  const kept = versions.map(({ version }) => version).join(', ')
  throw notFound(
    asked === null
      ? `No change of the offsets of connector ${name} is kept`
      : `No version ${asked} of the offsets of connector ${name} is kept; kept are ${kept === '' ? 'none' : kept}`,
  )
}

/** With all digits of its numbers. */
function parsed(before: string): readonly ConnectorOffset[] {
  return tryParseJson(before) as unknown as readonly { readonly partition: Position; readonly offset: Position }[]
}
