/** `penstock describe`: all about connectors, or about a plugin. */
import { Command } from 'commander'
import type { ConnectorProgress } from '../rest/penstock.ts'
import { at, type Client } from './client.ts'
import { type Expanded, expanded } from './get-connectors.ts'
import { byRegexp, type Selection } from './names.ts'
import { ago, count, indented, pairs, print, stateText } from './output.ts'
import { masked, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

interface Flags extends RemoteFlags, Selection {
  readonly showSecrets?: true
}

export function describeCommand(): Command {
  return byRegexp(remote(new Command('describe')))
    .argument('[names...]', 'connectors; or `plugin` and its class')
    .option('--show-secrets', 'secrets as they were given')
    .action(describe)
}

async function describe(operands: readonly string[], flags: Flags): Promise<void> {
  const [noun, plugin] = operands
  if (noun === 'plugin' && plugin !== undefined) return (await import('./plugins.ts')).describePlugin(plugin, flags)
  const client = await clientOf(flags)
  const found = await expanded(client, operands, flags)
  const described = await Promise.all(found.map((one) => describeOne(client, one, flags)))
  await print(flags.output, described, () => described.map(text).join('\n\n'))
}

type Described = Awaited<ReturnType<typeof describeOne>>

async function describeOne(client: Client, { info, status }: Expanded, { showSecrets }: Flags) {
  const { name, config } = info
  const [topics, progress, isSecret] = await Promise.all([
    client.find<Record<string, { topics: string[] }>>(at`/connectors/${name}/topics`),
    client.find<ConnectorProgress>(at`/penstock/connectors/${name}`),
    secretsOf(client, config['connector.class']),
  ])
  return {
    ...status,
    config: showSecrets === true ? config : masked(config, isSecret),
    topics: (topics?.[name]?.topics ?? []).sort(),
    progress,
  }
}

function text({ name, type, connector, tasks, config, topics, progress }: Described): string {
  const sections = [
    pairs([
      ['Name', name],
      ['Type', type],
      ['State', stateText(connector.state)],
      ['Worker', connector.worker_id],
      ...(progress === null ? [] : ([['Guarantee', progress.guarantee]] as const)),
    ]),
    ...(connector.trace === undefined ? [] : [section('Trace', connector.trace.trimEnd())]),
    section('Config', pairs(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)))),
    section('Tasks', tasks.length === 0 ? '-' : tasks.map((task) => taskText(task, progress)).join('\n')),
    section('Topics', topics.join('\n') || '-'),
  ]
  return sections.join('\n')
}

const section = (title: string, body: string) => `${pairs([[title, '']]).trimEnd()}\n${indented(body)}`

function taskText(task: Described['tasks'][number], progress: ConnectorProgress | null): string {
  const lines = [`${task.id}: ${stateText(task.state)}  ${task.worker_id}`]
  const own = progress?.tasks.find(({ id }) => id === task.id)
  if (own !== undefined) lines.push(indented(progressText(own)))
  if (task.trace !== undefined) lines.push(indented(task.trace.trimEnd()))
  return lines.join('\n')
}

function progressText(task: ConnectorProgress['tasks'][number]): string {
  const counters = Object.entries(task.counters).filter(
    ([name, value]) => value > 0 || name === 'read' || name === 'written',
  )
  const parts = [
    ...counters.map(([name, value]) => `${COUNTERS[name] ?? name} ${count(value)}`),
    ...(task.lag === null ? [] : [`lag ${count(task.lag)}`]),
    `slice ${task.slices + 1}`,
    ...(task.restarts === 0 ? [] : [`restarts ${task.restarts}`]),
    ...(task.lastCommit === null ? [] : [`committed ${ago(task.lastCommit)} ago`]),
    ...(task.nextRestart === null
      ? []
      : [`restarts in ${Math.max(0, Math.ceil((task.nextRestart - Date.now()) / 1000))}s`]),
  ]
  return [parts.join(', '), ...(task.note === null ? [] : [task.note])].join('\n')
}

const COUNTERS: Readonly<Record<string, string>> = { deadLettered: 'dead-lettered' }
