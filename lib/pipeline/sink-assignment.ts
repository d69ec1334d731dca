/** Which Kafka partitions a task of a sink connector reads. */
import { ConfigError } from '../connect/errors.ts'
import { compile } from '../java/regular-expression.ts'

/**
 * A task's partitions by topic: the partitions of all topics, sorted by topic name and number, are dealt to the tasks
 * in turn. So tasks differ by one partition at most, in all and of each topic, and whoever computes it gets the same.
 * A topic that gets more partitions moves those of the topics after it to other tasks. Topics of which the task has
 * none are left out.
 */
export function sinkAssignment(
  partitionCounts: ReadonlyMap<string, number>,
  tasks: number,
  task: number,
): Map<string, readonly number[]> {
  const assignment = new Map<string, readonly number[]>()
  let before = 0
  for (const topic of [...partitionCounts.keys()].sort()) {
    const count = partitionCounts.get(topic) ?? 0
    const mine: number[] = []
    for (let partition = 0; partition < count; partition++)
      if ((before + partition) % tasks === task) mine.push(partition)
    if (mine.length > 0) assignment.set(topic, mine)
    before += count
  }
  return assignment
}

/** The topics of a sink among those that there are: `topics`, or those that `topics.regex` matches whole. */
export function sinkTopics(
  settings: { readonly topics: readonly string[]; readonly topicsRegex: string | null },
  existing: Iterable<{ readonly name: string; readonly internal: boolean }>,
): string[] {
  const { topics, topicsRegex } = settings
  if (topicsRegex === null) return [...new Set(topics)]
  if (topics.length > 0)
    throw new ConfigError('topics and topics.regex are mutually exclusive options, but both are set')
  const regex = compile(topicsRegex)
  return [...existing].filter(({ name, internal }) => !internal && regex.matches(name)).map(({ name }) => name)
}
