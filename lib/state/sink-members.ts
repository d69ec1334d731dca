/** Who stands for a sink's tasks in its consumer group, as the connector's item has it: a slice reads it with the config. */
import type { Item } from './attributes.ts'
import { pack, unpack } from './packed.ts'

export interface SinkMembers {
  readonly group: string
  /** The tasks that they stand for: the generation of their configs. */
  readonly tasks: number
  /** The group's own generation; null while they join. */
  readonly generation: number | null
  /** When they began to join, epoch ms. */
  readonly since: number
  /** By task. */
  readonly ids: readonly string[]
}

export const MEMBERS = 'members'

export function membersItem({ ids, ...members }: SinkMembers) {
  return { ...members, ids: pack(ids) }
}

/** Of a connector's item. */
export function membersOf(item: Item): SinkMembers | null {
  const found = item[MEMBERS] as ReturnType<typeof membersItem> | undefined
  return found === undefined ? null : { ...found, ids: unpack(found.ids) as string[] }
}
