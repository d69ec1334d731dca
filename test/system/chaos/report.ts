/** The tables of a chaos run. */
import { percentile } from '../topic.ts'
import type { ChaosReport, Recovery } from './run.ts'

export function report({
  faults,
  leftAlone,
  began,
  gaps,
  recoveries,
  silences,
  arrived,
  problems,
}: ChaosReport): string {
  const all = [...faults.values()].reduce((sum, count) => sum + count, 0)
  return [
    `| ${all} faults | |`,
    '|---|---|',
    ...[...faults].sort(([, a], [, b]) => b - a).map(([name, count]) => `| ${name} | ${count} |`),
    '',
    `Beside these 10 % of the invocations were delivered twice; ${leftAlone} invocations found that another had the task.`,
    '',
    '| | records or rows | lost | doubled | out of order | foreign |',
    '|---|---|---|---|---|---|',
    ...[...arrived].map(([name, of]) => {
      return `| ${name} | ${of.records} | ${of.lost} | ${of.doubled} | ${of.disorder} | ${of.foreign} |`
    }),
    '',
    '| from SIGKILL of the owner to the next record, ms | kills | p50 | p99 | most |',
    '|---|---|---|---|---|',
    ...recoveries.toSorted((a, b) => Number(b.alone) - Number(a.alone)).map(recoveryRow),
    '',
    '| whatever was broken or paused: the longest time without a record of a task | ms | from, s |',
    '|---|---|---|',
    ...[...silences].map(([topic, { ms, from }]) => `| ${topic} | ${ms} | ${((from - began) / 1000).toFixed(1)} |`),
    '',
    '| between slices, nothing broken, ms | hand-overs | p50 | p99 |',
    '|---|---|---|---|',
    ...[...gaps].map(([name, of]) => `| ${name} | ${of.length} | ${percentile(of, 0.5)} | ${percentile(of, 0.99)} |`),
    '',
    ...(problems.length === 0 ? ['Nothing broke.'] : ['BROKEN:', ...problems]),
  ].join('\n')
}

function recoveryRow({ connector, alone, times }: Recovery): string {
  const came = times.filter((ms) => ms !== null)
  const never = times.length > came.length ? ` (${times.length - came.length} without)` : ''
  const what = alone ? connector : `${connector}, among the other faults`
  const [p50, p99, most] = [percentile(came, 0.5), percentile(came, 0.99), came.at(-1) ?? '']
  return `| ${what} | ${times.length}${never} | ${p50} | ${p99} | ${most} |`
}
