/** Task configs of a connector: what its own `split` answers, with what a task needs to know besides. */
import { budget } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import type { Connector, SplitContext } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import { ASSIGNMENT, type Assignment, assignmentText } from '../worker/assignment.ts'

/** The longest a connector may take to make its task configs, in ms. */
const SPLIT_MS = 30_000

export async function taskConfigs(
  connector: Connector,
  raw: RawConfig,
  maxTasks: number,
  assign: (task: number) => Assignment,
  context: Omit<SplitContext, 'budget'>,
): Promise<Record<string, string>[]> {
  using time = budget(SPLIT_MS)
  const config = parse(connector.settings, raw)
  const made = await connector.split?.(config, raw, maxTasks, { ...context, budget: time })
  const configs = made ?? defaultSplit(connector, raw, maxTasks)
  if (configs.length > maxTasks)
    throw new ConfigError(
      `The connector ${raw['name']} generated ${configs.length} tasks, which is greater than ${maxTasks}, the maximum number of tasks it is configured to create (tasks.max).`,
    )
  return configs.map((each, task) => {
    const own = { ...definedOnly(each), 'task.class': connector.taskClass }
    return connector.kind === 'sink' ? { ...own, [ASSIGNMENT]: assignmentText(assign(task)) } : own
  })
}

function defaultSplit(connector: Connector, raw: RawConfig, maxTasks: number): RawConfig[] {
  return Array.from({ length: connector.kind === 'sink' ? maxTasks : 1 }, () => raw)
}

function definedOnly(raw: RawConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
