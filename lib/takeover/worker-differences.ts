/** What a JVM worker's settings come to here: those that change nothing, those that can't be honoured, other defaults. */
import { ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { meaninglessSettings } from '../local/worker-config.ts'

export interface Difference {
  readonly setting: string
  readonly what: string
}

export interface WorkerDifferences {
  /** Penstock goes on without. */
  readonly differences: readonly Difference[]
  /** To be mended before. */
  readonly problems: readonly string[]
}

/** `given`: the worker's file as it is, without defaults. `exactlyOnce`: the sources that would have it. */
export function workerDifferences(given: RawConfig, exactlyOnce: readonly string[]): WorkerDifferences {
  const differences = [...support(given, exactlyOnce), ...converters(given), ...withoutMeaning(given)]
  const problems = new Set<string>()
  const clients = {
    admin: () => clientSettings(given, 'admin'),
    producer: () => clientSettings(given, 'producer'),
    consumer: () => clientSettings(given, 'consumer'),
  }
  for (const [role, settings] of Object.entries(clients)) {
    try {
      for (const name of settings().unknown)
        differences.push({ setting: `${role}.${name}`, what: "Kafka's clients don't know it" })
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      problems.add(error.message)
    }
  }
  return { differences, problems: [...problems] }
}

const SUPPORT = 'exactly.once.source.support'

function support(given: RawConfig, sources: readonly string[]): Difference[] {
  if (given[SUPPORT] !== undefined || sources.length === 0) return []
  const what = `not set: disabled is Kafka Connect's default, enabled is Penstock's. Exactly-once from now on: ${sources.join(', ')}. Set it to disabled to leave them as they are`
  return [{ setting: SUPPORT, what }]
}

/** A JVM worker has to name them: then it is the file that is missing. */
function converters(given: RawConfig): Difference[] {
  const missing = ['key.converter', 'value.converter'].filter((setting) => given[setting] === undefined)
  return missing.map((setting) => ({
    setting,
    what: 'not given: JsonConverter without schemas, where a connector names none',
  }))
}

function withoutMeaning(given: RawConfig): Difference[] {
  return meaninglessSettings(given).map((setting) => {
    const isExtension = setting === 'rest.extension.classes'
    return { setting, what: isExtension ? 'no Java class is loaded: its filters are missing' : 'changes nothing here' }
  })
}
