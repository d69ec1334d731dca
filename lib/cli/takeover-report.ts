/** The report of `penstock takeover` for people. */
import { colors as pc } from '../observe/colors.ts'
import type { ConnectorReport, TakeoverReport } from '../takeover/report.ts'
import { indented, pairs, stateText, table } from './output.ts'

/** Source partitions shown of one connector; -o json has all. */
const SHOWN = 5

export function reportText(report: TakeoverReport): string {
  const { group, topics, workers, connectors } = report
  const head = pairs([
    ['Connect cluster', group],
    ['Topics', `${topics.configs}, ${topics.offsets}, ${topics.status}`],
    ['Workers alive', workers.length === 0 ? 'none' : workers.join(', ')],
  ])
  const parts = [
    head,
    table(
      ['CONNECTOR', 'TYPE', 'TARGET', 'STATE', 'TASKS', 'GUARANTEE', 'CLASS'],
      connectors.map(row),
      'No connectors',
    ),
    section('Resumes from', connectors.flatMap(resumption)),
    section('Secrets', secrets(report)),
    section(
      'Different here',
      report.worker.differences.map(({ setting, what }) => `${setting}: ${what}`),
    ),
    section('To be mended', report.problems),
    verdict(report),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function row({ name, kind, target, state, tasks, guarantee, class: plugin, plugins }: ConnectorReport): string[] {
  const isThere = plugins.every(({ found }) => found)
  const states = tasks.map((task) => `${task.id}:${task.state ?? '-'}`)
  return [
    name,
    kind ?? '?',
    target,
    state === null ? '-' : stateText(state),
    states.join(' ') || '-',
    guarantee ?? '-',
    isThere ? plugin : pc.red(`${plugin} (missing)`),
  ]
}

function resumption({ name, offsets }: ConnectorReport): string[] {
  if ('sink' in offsets) {
    const { group, positions } = offsets.sink
    if (positions.length === 0) return [`${name}: group ${group} has no offsets`]
    return positions.map(
      ({ topic, partition, offset, lag }) =>
        `${name}: ${topic}-${partition} at ${offset}, lag ${lag ?? 'unknown: the topic is gone'}`,
    )
  }
  const { source } = offsets
  if (source.length === 0) return [`${name}: no offsets, so from the beginning`]
  const lines = source.slice(0, SHOWN).map(({ partition, offset }) => `${name}: ${json(partition)} at ${json(offset)}`)
  return source.length > SHOWN ? [...lines, `${name}: and ${source.length - SHOWN} more partitions`] : lines
}

function secrets({ connectors, worker }: TakeoverReport): string[] {
  const lines = (who: string, all: ConnectorReport['secrets']) =>
    all.map(
      ({ setting, provider, path, key }) =>
        `${who}: ${setting} from ${provider}, ${path === '' ? '' : `${path}, `}key ${key}`,
    )
  return [...lines('worker', worker.secrets), ...connectors.flatMap((each) => lines(each.name, each.secrets))]
}

function verdict({ verdict: outcome, workers, connectors, problems }: TakeoverReport): string {
  if (outcome === 'blocked')
    return pc.red(`Not ready: ${problems.length} ${problems.length === 1 ? 'thing has' : 'things have'} to be mended`)
  const wait = workers.length === 0 ? '' : ', once the workers are stopped'
  return pc.green(
    `Ready: Penstock would run all ${connectors.length} connectors${wait}. penstock takeover --now starts it`,
  )
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${pc.bold(title)}\n${indented(lines.join('\n'))}`
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each))
}
