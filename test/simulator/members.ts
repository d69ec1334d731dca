/** The members of a simulated group: who is in it, and that joining takes a while in which everything else goes on. */
import { pause } from '../../lib/connect/budget.ts'
import type { StandInCalls } from '../../lib/kafka/stand-ins.ts'
import type { SimulatedKafka } from './kafka.ts'

/** `group.initial.rebalance.delay.ms`. */
const JOINING_MS = 3_000

export function simulatedMembers(kafka: SimulatedKafka): StandInCalls {
  const groupOf = (name: string) => {
    const group = kafka.members.get(name) ?? { generation: 0, ids: new Map<string, string>() }
    kafka.members.set(name, group)
    return group
  }
  return {
    reserve: ({ group }, some) =>
      kafka.request(() => some.map((_, i) => `${group}-${kafka.world.now}-${kafka.world.between(0, 1_000_000)}-${i}`)),
    async join({ group: name, connector }, ids) {
      await pause(JOINING_MS)
      return kafka.request(() => {
        const group = groupOf(name)
        for (const id of ids) group.ids.set(id, connector)
        return ++group.generation
      })
    },
    keep: (name, generation, ids) =>
      kafka.request(() => {
        const group = groupOf(name)
        return group.generation === generation && ids.every((id) => group.ids.has(id))
      }),
    leave: (name, ids) =>
      kafka.request(() => {
        for (const id of ids) groupOf(name).ids.delete(id)
      }),
    leaveLost: (name, connector, known) =>
      kafka.request(() => {
        const { ids } = groupOf(name)
        for (const [id, of] of ids) if (of === connector && !known.includes(id)) ids.delete(id)
        return ids.size
      }),
  }
}
