/** Steps that do the work of their neighbours in one go. */
import type { Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { TransformStep } from './chain.ts'

const known = new WeakMap<readonly TransformStep[], readonly TransformStep[]>()

/** The same chain: neighbours that can be joined, and that apply to every record, are one step. */
export function joined(steps: readonly TransformStep[]): readonly TransformStep[] {
  let found = known.get(steps)
  if (found === undefined) {
    found = join(steps)
    known.set(steps, found)
  }
  return found
}

function join(steps: readonly TransformStep[]): readonly TransformStep[] {
  const runs: TransformStep[][] = []
  const plugins: TransformStep['plugin'][] = []
  for (const step of steps) {
    const [run, plugin] = [runs.at(-1), plugins.at(-1)]
    const both = run?.[0]?.predicate === null && step.predicate === null ? together(plugin, step.plugin) : undefined
    if (run === undefined || both === undefined) {
      runs.push([step])
      plugins.push(step.plugin)
    } else {
      run.push(step)
      plugins[plugins.length - 1] = both
    }
  }
  return runs.map((run, i) => (run.length === 1 ? run[0] : new Joined(run, plugins[i] as Transform)) as TransformStep)
}

function together(plugin: TransformStep['plugin'] | undefined, next: TransformStep['plugin']): Transform | undefined {
  return plugin === undefined || 'oneToMany' in plugin ? undefined : plugin.join?.(next)
}

/** A record that they fail together goes through them one by one: so the error is that of the one that failed. */
class Joined implements TransformStep {
  readonly predicate = null
  readonly when = true
  readonly plugin: Transform
  readonly #steps: readonly TransformStep[]
  /** Where the last failure was. */
  #failed = 0

  constructor(steps: readonly TransformStep[], plugin: Transform) {
    this.#steps = steps
    this.plugin = {
      apply: (record) => {
        try {
          return plugin.apply(record)
        } catch {
          return this.#oneByOne(record)
        }
      },
    }
  }

  get class(): string {
    return (this.#steps[this.#failed] as TransformStep).class
  }

  #oneByOne(record: ConnectRecord): ConnectRecord | null {
    let current: ConnectRecord | null = record
    for (const [i, { plugin }] of this.#steps.entries()) {
      this.#failed = i
      if (current !== null) current = (plugin as Transform).apply(current)
    }
    return current
  }
}
