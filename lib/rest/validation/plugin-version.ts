/** The versions of plugins that configs ask for (KIP-891), as Maven's version ranges. Of each plugin there is one. */
import type { PluginRegistry } from '../plugin-registry.ts'

/** Null where the plugin's version is as asked for: nothing, `latest`, `4.3.1`, `[4.0,5.0)`; else what is wrong. */
export async function versionMismatch(
  registry: PluginRegistry,
  plugin: string,
  asked: string | null | undefined,
): Promise<string | null> {
  if (asked === null || asked === undefined || asked === 'latest') return null
  const ranges = parseRanges(asked.trim())
  if (typeof ranges === 'string') return ranges
  const versions = (await registry.plugins()).filter((one) => one.class === plugin).map(({ version }) => version)
  if (versions.some((version) => ranges.some((range) => isWithin(range, version)))) return null
  const text = ranges.map(rangeText).join(',')
  return `Plugin ${plugin} not found that matches the version range ${text}, available versions: [${versions.join(', ')}]`
}

/** A bound is null where there is none. */
interface Range {
  readonly open: '[' | '('
  readonly from: string | null
  readonly to: string | null
  readonly close: ']' | ')'
}

/** What is wrong with it, in Maven's words, where it can't be read. */
function parseRanges(text: string): readonly Range[] | string {
  if (!/^[[(]/.test(text)) return [{ open: '[', from: text, to: text, close: ']' }]
  const ranges: Range[] = []
  for (let rest = text; rest !== ''; rest = rest.replace(/^\s*,\s*/, '')) {
    const [whole, open = '', inside = '', close = ''] = /^([[(])([^\])]*)([\])])/.exec(rest) ?? []
    if (whole === undefined) return `Unbounded range: ${text}`
    rest = rest.slice(whole.length)
    const [from = '', to] = inside.split(',').map((bound) => bound.trim())
    if (to === undefined && (open !== '[' || close !== ']')) return `Single version must be surrounded by []: ${whole}`
    const bounds = { from: from === '' ? null : from, to: to === undefined ? from : to === '' ? null : to }
    if (bounds.from !== null && bounds.to !== null && compareVersions(bounds.from, bounds.to) > 0)
      return `Range defies version ordering: ${whole}`
    ranges.push({ open: open as Range['open'], ...bounds, close: close as Range['close'] })
  }
  return ranges
}

function rangeText({ open, from, to, close }: Range): string {
  return `${open}${from ?? ''},${to ?? ''}${close}`
}

function isWithin({ open, from, to, close }: Range, version: string): boolean {
  const above = from === null ? 1 : compareVersions(version, from)
  const below = to === null ? 1 : compareVersions(to, version)
  return above >= (open === '[' ? 0 : 1) && below >= (close === ']' ? 0 : 1)
}

/** Numbers by value, what is missing as 0; texts by their letters, below numbers. */
function compareVersions(a: string, b: string): number {
  const [as, bs] = [a, b].map((version) => version.split(/[.-]/)) as [string[], string[]]
  for (let i = 0; i < Math.max(as.length, bs.length); i++) {
    const [x, y] = [as[i] ?? '0', bs[i] ?? '0']
    const numbers = [x, y].map((part) => (/^\d+$/.test(part) ? Number(part) : -1)) as [number, number]
    const order = numbers[0] - numbers[1] || (x < y ? -1 : x > y ? 1 : 0)
    if (order !== 0 && !(numbers[0] >= 0 && numbers[0] === numbers[1])) return order
  }
  return 0
}
