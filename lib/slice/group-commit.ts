/**
 * Commits to a sink's group, as the member that stands for the task (`lib/coordinator/sink-members.ts`), or as nobody
 * where none does.
 */
import { pause } from '../connect/budget.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { isRefused } from '../kafka/group-coordinator.ts'
import { type Committer, commit, type GroupOffset } from '../kafka/groups.ts'
import { leave, leaveLost } from '../kafka/stand-ins.ts'
import type { SinkMembers } from '../state/sink-members.ts'

export interface GroupCommits {
  readonly cluster: Cluster
  readonly group: string
  readonly connector: string
  readonly task: number
  /** As the slice has read them. */
  readonly members: SinkMembers | null
  /** As they are now. */
  current(): Promise<SinkMembers | null>
}

/** How long a commit waits for members that are joining, in ms: a group's first rebalance takes 3 s unless set. */
const JOINING_MS = 6_000
/** How long it waits for what else may pass, in ms. */
const PASSING_MS = 1_000
const LOOK_MS = 50

/**
 * Needs one request, but where the members have changed since they were read. Rejects as `commit` does where others are
 * in the group.
 */
export function groupCommits(commits: GroupCommits): (offsets: readonly GroupOffset[]) => Promise<void> {
  const { cluster, group, connector, task } = commits
  let known = commits.members

  const attempt = async (offsets: readonly GroupOffset[], members: SinkMembers | null): Promise<unknown> => {
    try {
      await commit(cluster, group, offsets, committer(members, group, task))
      return null
    } catch (error) {
      if (!isRefused(error)) throw error
      return error
    }
  }

  return async (offsets) => {
    let refusal = await attempt(offsets, known)
    const since = Date.now()
    while (refusal !== null) {
      known = await commits.current()
      refusal = await attempt(offsets, known)
      if (refusal === null) return
      const waited = Date.now() - since
      if (known?.generation !== null || waited > JOINING_MS) {
        // The broker may have lost those that are known, the table those that are in the group, or nobody lets them join.
        if (known?.generation === null) await leave(cluster, group, known.ids)
        await leaveLost(cluster, group, connector, known?.ids ?? [])
        refusal = await attempt(offsets, null)
        if (refusal !== null && waited > PASSING_MS) throw refusal
      }
      await pause(LOOK_MS)
    }
  }
}

/** The broker takes the offsets of any partition from any member. */
function committer(members: SinkMembers | null, group: string, task: number): Committer | undefined {
  if (members === null || members.generation === null || members.group !== group) return undefined
  const id = members.ids[task] ?? members.ids[0]
  return id === undefined ? undefined : { generation: members.generation, id }
}
