/** Shows the connectors' progress until the signal: redrawn on a terminal, else a line for what has changed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { line, type Progress, type Shown, shown } from './progress.ts'

const TERMINAL_MS = 1_000
const LOG_MS = 5_000
/** Over which time the rate is taken: counters are written once a second. */
const RATE_MS = 4_000
/** A line wider than the terminal is cut: wrapped, it would be counted as one and never be drawn over. */
const UNWRAPPED = '\x1b[?7l'
const WRAPPED = '\x1b[?7h'

export async function watch(url: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  const terminal = process.stdout.isTTY
  const width = Math.max(...names.map((name) => name.length))
  const history: { readonly at: number; readonly shown: ReadonlyMap<string, Shown> }[] = []
  const printed = new Map<string, string>()
  for (let drawn = 0; !signal.aborted; ) {
    const now = { at: Date.now(), shown: await look(url, names, signal) }
    history.push(now)
    while (history.length > 2 && now.at - (history[1]?.at ?? 0) >= RATE_MS) history.shift()
    const before = history[0]
    const lines = [...now.shown.values()].map((one) => {
      const past = before?.shown.get(one.name)
      const seconds = (now.at - (before?.at ?? now.at)) / 1000
      // A connector that was deleted and made again begins at 0.
      const rate = past === undefined || seconds === 0 ? 0 : Math.max(0, (one.written - past.written) / seconds)
      return { name: one.name, text: line(one, rate, width) }
    })
    if (terminal) {
      const back = drawn > 0 ? `\x1b[${drawn}A` : ''
      process.stdout.write(`${back}\x1b[0J${UNWRAPPED}${lines.map(({ text }) => `${text}\n`).join('')}${WRAPPED}`)
      drawn = lines.length
    } else
      for (const { name, text } of lines) {
        if (printed.get(name) !== text) console.log(text)
        printed.set(name, text)
      }
    await sleep(terminal ? TERMINAL_MS : LOG_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Connectors that are gone, or can't be asked just now, are left out. */
async function look(url: string, names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Shown>> {
  const found = await Promise.all(
    names.map(async (name) => {
      const answer = await fetch(`${url}/penstock/connectors/${name}`, { signal }).catch(() => null)
      if (answer?.status !== 200) return []
      return [[name, shown((await answer.json()) as Progress)] as const]
    }),
  )
  return new Map(found.flat())
}
