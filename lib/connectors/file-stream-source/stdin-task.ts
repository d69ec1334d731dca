/** Standard input as a source: no offsets, so a restart goes on with what comes then. */
import type { Polled, SourceTask } from '../../connect/plugin.ts'
import { ConnectRecord, NO_HEADERS, type SourceOrigin } from '../../connect/record.ts'
import { STRING } from '../../connect/schema.ts'
import { StdinLines } from './stdin-lines.ts'

const ORIGIN: SourceOrigin = { kind: 'source', partition: { filename: null }, offset: { position: null } }
const IDLE_MS = 500

export class StdinTask implements SourceTask {
  readonly #topic: string
  readonly #batchSize: number
  readonly #lines = new StdinLines(process.stdin)

  constructor(topic: string, batchSize: number) {
    this.#topic = topic
    this.#batchSize = batchSize
  }

  async poll(limit: number): Promise<Polled> {
    const { lines, ended } = this.#lines.read(Math.min(limit, this.#batchSize))
    const now = Date.now()
    const records = lines.map(
      (line) => new ConnectRecord(this.#topic, null, null, null, STRING, line, now, NO_HEADERS, ORIGIN),
    )
    if (ended) return { records, done: true }
    return lines.length === 0 ? { records, idleMs: IDLE_MS, note: 'waiting for standard input' } : { records }
  }

  async stop(): Promise<void> {
    this.#lines.close()
  }
}
