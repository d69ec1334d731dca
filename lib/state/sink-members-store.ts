/**
 * The group itself knows best who is in it. Where the table is lost, those that nobody knows of any more are made to
 * leave (`leaveLost`).
 */
import { connectorKey } from './connector-view.ts'
import { absent, all, equal, present } from './expression.ts'
import { MEMBERS, membersItem, type SinkMembers } from './sink-members.ts'
import type { Table } from './table.ts'

export interface SinkMembersStore {
  /** Null for none. False: no longer as seen. */
  set(connector: string, seen: SinkMembers | null, members: SinkMembers | null): Promise<boolean>
}

export function createSinkMembers(table: Table): SinkMembersStore {
  return {
    async set(connector, seen, members) {
      const asSeen = seen === null ? absent(MEMBERS) : equal(MEMBERS, membersItem(seen))
      const update = members === null ? { remove: [MEMBERS] } : { set: [[MEMBERS, membersItem(members)]] as const }
      return (await table.update(connectorKey(connector), update, all(present('pk'), asSeen))).done
    },
  }
}
