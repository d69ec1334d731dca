/** The commands, in the order of the help. A command's file is loaded only when it is called. */
import type { Command } from 'commander'

export interface Entry {
  readonly name: string
  readonly summary: string
  load(): Promise<() => Command>
}

function command(name: string, summary: string, load: Entry['load']): Entry {
  return { name, summary, load }
}

const targetState = () => import('./target-state.ts')

export const COMMANDS: readonly Entry[] = [
  command(
    'up',
    'start the local cloud: Kafka, DynamoDB Local, the functions and the REST API',
    async () => (await import('./up.ts')).upCommand,
  ),
  command(
    'standalone',
    "run connectors in this process, as Connect's standalone mode, until Ctrl-C",
    async () => (await import('./standalone.ts')).standaloneCommand,
  ),
  command(
    'info',
    'the server: its address, version and Kafka cluster',
    async () => (await import('./info.ts')).infoCommand,
  ),
  command(
    'get',
    'list connectors, tasks, plugins, loggers, offsets, topics, configs',
    async () => (await import('./get.ts')).getCommand,
  ),
  command(
    'describe',
    'all about connectors, or about a plugin',
    async () => (await import('./describe.ts')).describeCommand,
  ),
  command(
    'apply',
    'create and update connectors from files; shows what changes',
    async () => (await import('./apply.ts')).applyCommand,
  ),
  command(
    'validate',
    'check configs against their plugins; nothing is changed',
    async () => (await import('./validate.ts')).validateCommand,
  ),
  command('patch', 'change some settings of connectors', async () => (await import('./patch.ts')).patchCommand),
  command('delete', 'delete connectors', async () => (await import('./delete.ts')).deleteCommand),
  command('pause', 'pause connectors', async () => (await targetState()).pauseCommand),
  command('resume', 'go on with paused and stopped connectors', async () => (await targetState()).resumeCommand),
  command(
    'stop',
    'stop connectors: no tasks, and offsets can be changed',
    async () => (await targetState()).stopCommand,
  ),
  command('restart', 'restart connectors or single tasks', async () => (await import('./restart.ts')).restartCommand),
  command(
    'offsets',
    'look at, set, reset and undo what connectors go on from',
    async () => (await import('./offsets.ts')).offsetsCommand,
  ),
  command(
    'dlq',
    "a connector's dead letters: look at them, redrive them, purge them",
    async () => (await import('./dlq.ts')).dlqCommand,
  ),
  command('plugins', 'the plugins and their settings', async () => (await import('./plugins.ts')).pluginsCommand),
  command('loggers', 'the loggers and their levels', async () => (await import('./loggers.ts')).loggersCommand),
  command('logs', "a connector's log lines", async () => (await import('./logs.ts')).logsCommand),
  command('top', 'connectors and what they do, live', async () => (await import('./top.ts')).topCommand),
  command('cost', 'what connectors have cost', async () => (await import('./cost.ts')).costCommand),
  command('history', "the versions of a connector's config", async () => (await import('./history.ts')).historyCommand),
  command(
    'rollback',
    "go back to an older version of a connector's config",
    async () => (await import('./rollback.ts')).rollbackCommand,
  ),
  command(
    'takeover',
    'what Penstock would run of a Connect cluster; --now starts it',
    async () => (await import('./takeover.ts')).takeoverCommand,
  ),
  command(
    'release',
    'give the connectors back to the Connect cluster',
    async () => (await import('./release.ts')).releaseCommand,
  ),
  command(
    'preview',
    "a connector's converters, transforms and predicates over sample records; nothing is written",
    async () => (await import('./preview.ts')).previewCommand,
  ),
  command(
    'test',
    "run test files: records, and what a connector's config is expected to make of them",
    async () => (await import('./test.ts')).testCommand,
  ),
  command(
    'context',
    'servers by name, with their credentials',
    async () => (await import('./context.ts')).contextCommand,
  ),
  command('completion', "a shell's completion script", async () => (await import('./completion.ts')).completionCommand),
]
