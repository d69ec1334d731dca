/** A source connector's offsets, for the offsets endpoints. */
import { ConnectError } from '../connect/errors.ts'
import type { OffsetChange, SourceConnector } from '../connect/plugin.ts'
import { parse } from '../connect/settings.ts'
import { isRedrivePartition } from '../pipeline/redriven.ts'
import { partitionId } from '../state/offset-records.ts'
import type { AlteredOffset, SourceOffsetsStore } from '../state/source-offsets.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import { badRequest } from './answer.ts'
import type { LiveView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import type { ConnectorOffset } from './offsets-body.ts'

/** What is committed, as a task would find it. */
export async function sourceOffsets(deps: Deps, view: LiveView): Promise<ConnectorOffset[]> {
  const state = await (await storeOf(deps, view)).resume(view.name, { afterCleanEnd: false })
  return state.all().filter(({ partition }) => !isRedrivePartition(partition))
}

/** Of several changes of one partition the last. `RestError` 400 for what the connector couldn't start from. */
export function checkSourceOffsets(
  connector: SourceConnector,
  view: LiveView,
  changes: readonly OffsetChange[],
): AlteredOffset[] {
  const config = parse(connector.settings, view.config)
  connector.checkOffsets?.(changes, config)
  const checked = new Map<string, AlteredOffset>()
  for (const { partition, offset } of changes) {
    if (partition === null && offset !== null) throw badRequest('The partition of a source offset cannot be null')
    if (partition !== null) checked.set(writable(partition, offset), { partition, offset })
  }
  return [...checked.values()]
}

/** The partition's identity; `RestError` 400 for values that no offset may have. */
function writable(partition: AlteredOffset['partition'], offset: AlteredOffset['offset']): string {
  try {
    if (offset !== null) partitionId(offset)
    return partitionId(partition)
  } catch (error) {
    if (error instanceof ConnectError && error.kind === 'data') throw badRequest(error.message)
    throw error
  }
}

export async function writeSourceOffsets(deps: Deps, view: LiveView, changes: readonly AlteredOffset[]): Promise<void> {
  await (await storeOf(deps, view)).alter(view.name, changes)
}

/** Of a view with its references resolved. */
function storeOf({ worker, offsets, log }: Deps, { config }: LiveView): Promise<SourceOffsetsStore> {
  return offsetsStore(worker, offsets, config, log)
}
