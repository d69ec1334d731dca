/** /connectors/NAME/offsets (KIP-875): a source's offsets in the offsets topic, a sink's in its consumer group. */

import { pause } from '../connect/budget.ts'
import type { OffsetChange } from '../connect/plugin.ts'
import { fenceProducers } from '../kafka/fencing.ts'
import type { OffsetChangeOrigin } from '../state/offset-history.ts'
import { isExactlyOnce, transactionalId } from '../worker/guarantee.ts'
import { realConfig } from '../worker/real-config.ts'
import { type Answer, badRequest, type Call, ok, RestError, type Route } from './answer.ts'
import { type LiveView, requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { type ConnectorOffset, connectorOffsets, offsetChanges, offsetsText } from './offsets-body.ts'
import { named, object, text } from './schema.ts'
import { checkSinkOffsets, resetSinkOffsets, sinkOffsets, writeSinkOffsets } from './sink-offsets.ts'
import { checkSourceOffsets, sourceOffsets, writeSourceOffsets } from './source-offsets.ts'

const PATH = '/connectors/:name/offsets'
export const message = named('Message', object({ message: text }))

export function offsets(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: PATH,
      summary: "A source's stored offsets, or those that a sink's consumer group has committed",
      answers: { 200: connectorOffsets },
      async handle({ name }) {
        const found = await offsetsOf(deps, await requireView(deps, name))
        return { status: 200, text: `{"offsets":${offsetsText(found)}}` }
      },
    },
    {
      method: 'PATCH',
      path: PATH,
      summary: 'Sets offsets of a stopped connector; null takes one away',
      body: connectorOffsets,
      answers: { 200: message },
      handle: (call) => alter(deps, call),
    },
    {
      method: 'DELETE',
      path: PATH,
      summary: 'Takes all offsets of a stopped connector away',
      answers: { 200: message },
      handle: (call) => reset(deps, call),
    },
  ]
}

export async function offsetsOf(deps: Deps, written: LiveView): Promise<ConnectorOffset[]> {
  const view = await real(deps, written)
  const connector = await connectorOf(deps, view)
  return connector.kind === 'source' ? sourceOffsets(deps, view) : sinkOffsets(deps, view)
}

async function alter(deps: Deps, call: Call): Promise<Answer> {
  const changes = offsetChanges(await call.json(), await call.text())
  return changeStopped(deps, await requireStopped(deps, call.name), changes, { change: 'alter', by: call.user })
}

async function reset(deps: Deps, { name, user }: Call): Promise<Answer> {
  return changeStopped(deps, await requireStopped(deps, name), 'reset', { change: 'reset', by: user })
}

/** With its references resolved: a source checks offsets by its settings, a sink's group may be named in one. */
async function real(deps: Deps, view: LiveView): Promise<LiveView> {
  const { config } = await realConfig(deps.worker, view.config)
  return { ...view, config: config as LiveView['config'] }
}

/** Changes that the connector agrees to, with what was before kept for undo. */
export async function changeStopped(
  deps: Deps,
  written: LiveView,
  changes: readonly OffsetChange[] | 'reset',
  origin: OffsetChangeOrigin,
): Promise<Answer> {
  const view = await real(deps, written)
  const before = await offsetsOf(deps, view)
  await changeOffsets(deps, view, changes)
  await deps.offsetHistory.keep(view.name, { ...origin, time: deps.clock(), before: offsetsText(before) })
  return altered(deps, view, changes === 'reset' ? 'reset' : 'altered')
}

/** All of the connector's offsets with `reset`. Its tasks have ended when this writes. */
async function changeOffsets(deps: Deps, view: LiveView, changes: readonly OffsetChange[] | 'reset'): Promise<void> {
  const connector = await connectorOf(deps, view)
  if (connector.kind === 'sink') {
    const checked = changes === 'reset' ? null : await checkSinkOffsets(deps, changes)
    await ended(deps, view)
    await (checked === null ? resetSinkOffsets(deps, view) : writeSinkOffsets(deps, view, checked))
  } else {
    const asked = changes === 'reset' ? null : checkSourceOffsets(connector, view, changes)
    await ended(deps, view)
    if (isExactlyOnce(deps.worker, connector, view.config)) await fence(deps, view)
    await writeSourceOffsets(deps, view, asked ?? (await allAway(deps, view, connector)))
  }
  // One that was resumed meanwhile may have started from the offsets before.
  await requireStopped(deps, view.name)
}

async function allAway(deps: Deps, view: LiveView, connector: Parameters<typeof checkSourceOffsets>[0]) {
  const known = await sourceOffsets(deps, view)
  return checkSourceOffsets(
    connector,
    view,
    known.map(({ partition }) => ({ partition, offset: null })),
  )
}

function connectorOf(deps: Deps, view: LiveView) {
  return deps.registry.find('connector', view.config['connector.class'] ?? '')
}

export async function requireStopped(deps: Deps, name: string): Promise<LiveView> {
  const view = await requireView(deps, name)
  if (view.targetState !== 'STOPPED' || view.tasks.length > 0)
    throw badRequest(
      `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
    )
  return view
}

/** How long the slices of a stopped connector may take to end, in ms: usually half a second, and below API Gateway's 30 s. */
const END_MS = 20_000
const LOOK_MS = 100

/** No slice of the connector may write anything any more. A dead one's lease is taken away by the coordinator. */
async function ended(deps: Deps, { name }: LiveView): Promise<void> {
  const until = deps.clock() + END_MS
  for (;;) {
    const running = (await deps.leases.all(name)).filter((lease) => lease.state !== 'sealed')
    if (running.length === 0) return
    if (deps.clock() >= until)
      throw new RestError(
        503,
        `The tasks of connector ${name} have not ended yet (${running.map(({ task }) => task).join(', ')}): its offsets are as they were; try again later`,
      )
    await pause(LOOK_MS)
  }
}

/** KIP-618: aborts what a task that ended badly has left open, so that no marker comes after the new offsets. */
async function fence(deps: Deps, { name, fencedTasks }: LiveView): Promise<void> {
  const ids = Array.from({ length: fencedTasks ?? 0 }, (_, task) => transactionalId(deps.worker, name, task))
  if (ids.length > 0) await fenceProducers(deps.admin, ids)
}

/** A source that says nothing about its offsets may keep others elsewhere, for all that is known. */
async function altered(deps: Deps, view: LiveView, what: 'altered' | 'reset'): Promise<Answer> {
  const connector = await connectorOf(deps, view)
  const isSure = connector.kind === 'sink' || connector.checkOffsets !== undefined
  return ok({
    message: isSure
      ? `The offsets for this connector have been ${what} successfully`
      : `The Connect framework-managed offsets for this connector have been ${what} successfully. However, if this connector manages offsets externally, they will need to be manually ${what} in the system that the connector uses.`,
  })
}
