/** What a pass needs of the world. */
import type { Connector, PluginLog } from '../connect/plugin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { StandInCalls } from '../kafka/stand-ins.ts'
import type { Secrets } from '../observe/secrets.ts'
import type { State } from '../state/open.ts'
import type { Events } from '../worker/events.ts'
import type { Worker } from '../worker/settings.ts'
import type { Sight } from './observe.ts'

export interface CoordinatorDeps {
  readonly worker: Worker
  readonly workerId: string
  readonly state: State
  readonly events: Events
  readonly cluster: () => Promise<Cluster>
  /** By any name that configs may use; `ConfigError` for one that isn't there. */
  readonly connector: (name: string) => Promise<Connector>
  /** Epoch ms. */
  readonly clock: () => number
  readonly log: PluginLog
  /** What no status may show; it grows with what is looked up. */
  readonly secrets: Secrets
  /** Connectors whose task configs couldn't be made, by name. Lives as long as the instance does; no harm if it is lost. */
  readonly splitFailures: Map<string, { readonly configPosition: number; readonly at: number }>
  /** For the members of sinks' consumer groups. */
  readonly groups: StandInCalls
  /** Sinks whose members couldn't join, by name; kept by the instance alone, too. */
  readonly joinFailures: Map<string, { readonly tasks: number; readonly at: number; readonly because: string }>
  /** What goes on beside passes; the invocation waits for it at its end. */
  readonly beside: Set<Promise<void>>
  /** When each connector's next wake comes, and that of all (null), epoch ms; kept by the instance alone, too. */
  readonly wakes: Map<string | null, number>
  /** Connectors whose tasks all wait, as they were last read; of the instance alone. */
  readonly idle: Map<string, Sight>
}
