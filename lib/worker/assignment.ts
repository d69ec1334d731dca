/** The Kafka partitions of a sink task, as its task config carries them. */
import type { RawConfig } from '../connect/settings.ts'

/** Fixed for the generation: `topic:0,1;other:0`. A JVM worker ignores it. */
export const ASSIGNMENT = 'penstock.assignment'

/** The group that stores a sink's offsets: `connect-NAME`, or `consumer.override.group.id`. */
export function sinkGroup(connector: string, consumerOverrides: RawConfig): string {
  return consumerOverrides['group.id'] ?? `connect-${connector}`
}

/** The `client.id` that tools show for a sink task: as Connect names its consumers, unless the user does. */
export function sinkClientId(worker: RawConfig, connector: string, task: number, consumerOverrides: RawConfig): string {
  return consumerOverrides['client.id'] ?? worker['consumer.client.id'] ?? `connector-consumer-${connector}-${task}`
}

export type Assignment = ReadonlyMap<string, readonly number[]>

export function assignmentText(assignment: Assignment): string {
  return [...assignment].map(([topic, partitions]) => `${topic}:${partitions.join(',')}`).join(';')
}

/** The inverse of `assignmentText`; empty for a task without partitions. */
export function parseAssignment(text: string): Map<string, number[]> {
  const parts = text.split(';').filter((part) => part !== '')
  return new Map(
    parts.map((part) => {
      const at = part.lastIndexOf(':')
      return [
        part.slice(0, at),
        part
          .slice(at + 1)
          .split(',')
          .map(Number),
      ]
    }),
  )
}
