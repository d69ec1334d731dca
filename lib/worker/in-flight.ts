/** How many bytes a task may have under way, from the memory of the instance that it runs in. */
import { getHeapStatistics } from 'node:v8'

/** Bytes as Kafka has them, uncompressed: as records they take about ten times as much. */
export interface InFlight {
  /** Of one poll of a source; a few may be under way. */
  readonly polled: number
  /** Appended and not acknowledged; the producer's `buffer.memory` may ask for less. */
  readonly produced: number
  /** Fetched ahead, and handed out at once. */
  readonly fetched: number
  /** Put and not flushed: a sink may hold them until then. */
  readonly unflushed: number
}

const MB = 1024 * 1024

/** The environment says how much Lambda grants; elsewhere it is what V8 may take. */
export function inFlight(env: Readonly<Record<string, string | undefined>> = process.env): InFlight {
  const granted = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0) * MB
  const memory = granted > 0 ? granted : getHeapStatistics().heap_size_limit
  return {
    polled: share(memory, 512, 1 * MB),
    produced: share(memory, 32, 16 * MB),
    fetched: share(memory, 128, 4 * MB),
    unflushed: share(memory, 16, 256 * MB),
  }
}

const share = (memory: number, part: number, most: number) => Math.min(most, Math.floor(memory / part))

/** A producer's settings, with no larger a buffer than there is room for. */
export function within<S extends { readonly bufferMemory: number }>({ produced }: InFlight, settings: S): S {
  return { ...settings, bufferMemory: Math.min(settings.bufferMemory, produced) }
}
