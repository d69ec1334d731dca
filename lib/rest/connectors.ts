/** /connectors: list, create, get, delete. */
import type { ConfigRecord, Properties, TargetState } from '../state/config-records.ts'
import { type Answer, badRequest, type Call, conflict, noContent, ok, type Route } from './answer.ts'
import { properties, withName } from './config-body.ts'
import {
  config,
  connectorInfo,
  connectorNotFound,
  connectorType,
  info,
  type LiveView,
  requireView,
} from './connector-info.ts'
import { connectorList } from './connector-list.ts'
import { connectorStateInfo } from './connector-status.ts'
import type { Deps } from './deps.ts'
import { array, described, either, map, named, nullable, object, oneOf, optional, text } from './schema.ts'
import { decideAndWrite } from './write.ts'

const expandedConnector = object({ status: optional(connectorStateInfo), info: optional(info) })
const createConnectorRequest = named(
  'CreateConnectorRequest',
  object({
    name: text,
    config,
    initial_state: optional(described('RUNNING, PAUSED or STOPPED, in any case', nullable(text))),
  }),
)

export function connectors(deps: Deps): Route[] {
  const list = connectorList(deps)
  return [
    {
      method: 'GET',
      path: '/connectors',
      summary: 'The names of all connectors; with expand, a map of what is known of each',
      query: { expand: array(oneOf('status', 'info')) },
      answers: { 200: either(array(text), map(expandedConnector)) },
      handle: async (call) => ({ status: 200, text: await list(call.query.getAll('expand')) }),
    },
    {
      method: 'POST',
      path: '/connectors',
      summary: 'Creates a connector',
      body: createConnectorRequest,
      answers: { 201: info },
      handle: (call) => create(deps, call),
    },
    {
      method: 'GET',
      path: '/connectors/:name',
      summary: "A connector's config and tasks",
      answers: { 200: info },
      handle: async ({ name }) => ok(await connectorInfo(deps, await requireView(deps, name))),
    },
    {
      method: 'DELETE',
      path: '/connectors/:name',
      summary: 'Deletes a connector; its offsets are kept',
      answers: { 204: null },
      handle: (call) => remove(deps, call),
    },
  ]
}

interface CreateRequest {
  readonly name: string
  readonly config: Properties
  readonly initialState: TargetState | null
}

async function create(deps: Deps, call: Call): Promise<Answer> {
  const { name, config, initialState } = createRequest(await call.json())
  const { requireValid } = await import('./validation/validate-config.ts')
  await requireValid(deps, config)
  if (name.includes('/') || name === '.' || name === '..') {
    const why = name.includes('/') ? 'contains a slash' : 'is part of a path'
    throw badRequest(`The connector name ${name} ${why}: no path could name it. Choose another name`)
  }
  const state: ConfigRecord[] =
    initialState === null ? [] : [{ kind: 'target-state', connector: name, state: initialState }]
  const decide = (view: LiveView | null): ConfigRecord[] => {
    if (view !== null) throw conflict(`Connector ${name} already exists`)
    return [...state, { kind: 'connector', connector: name, config }]
  }
  await decideAndWrite(deps, name, decide, { change: 'create', by: call.user })
  return created(name, { name, config, tasks: [], type: await connectorType(deps, config) })
}

export function created(name: string, info: unknown): Answer {
  return { status: 201, body: info, headers: { Location: `/connectors/${pathSegment(name)}` } }
}

/** Encodes what a path segment may not hold; `:@+` and the like stay, as in Connect's answers. */
function pathSegment(name: string): string {
  return encodeURIComponent(name).replace(/%(3A|40|24|26|2B|2C|3B|3D)/g, (code) => decodeURIComponent(code))
}

const INITIAL_STATES: Readonly<Record<string, TargetState>> = {
  RUNNING: 'STARTED',
  PAUSED: 'PAUSED',
  STOPPED: 'STOPPED',
}

function createRequest(body: unknown): CreateRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('The request body must be a JSON object with the keys name, config and, if wanted, initial_state')
  const { name, config, initial_state: initial, ...unknown } = body as Record<string, unknown>
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined)
    throw badRequest(`Unrecognized field "${stranger}": a connector is created with name, config and initial_state`)
  if (name !== null && typeof name === 'object') throw badRequest('The name must be a string')
  const trimmed = String(name ?? '').trim()
  return { name: trimmed, config: withName(trimmed, properties(config, 'config')), initialState: initialState(initial) }
}

function initialState(text: unknown): TargetState | null {
  if (text === undefined || text === null) return null
  const state = typeof text === 'string' ? INITIAL_STATES[text.toUpperCase()] : undefined
  if (state === undefined)
    throw badRequest(`Invalid initial_state ${JSON.stringify(text)}: it must be RUNNING, PAUSED or STOPPED`)
  return state
}

/** Tombstones, as Connect: task configs and commits stay in the topic. Offsets are kept. */
async function remove(deps: Deps, { name, user }: Call): Promise<Answer> {
  const decide = (view: LiveView | null): ConfigRecord[] => {
    if (view === null) throw connectorNotFound(name)
    return [
      { kind: 'connector', connector: name, config: null },
      { kind: 'target-state', connector: name, state: null },
    ]
  }
  await decideAndWrite(deps, name, decide, { change: 'delete', by: user })
  return noContent
}
