import type { Codec } from './compression.ts'
import { type Place, readBatch, readHeaders, recordsOf, visitRecords } from './record-batch-decoder.ts'
import { RecordBatchEncoder } from './record-batch-encoder.ts'

export interface Piece {
  readonly bytes: Buffer
  readonly count: number
  /** Bytes uncompressed. */
  readonly size: number
}

/** The records of a finished batch as several of at most `limit` bytes uncompressed, one record at least in each. */
export function splitBatch(
  bytes: Buffer,
  limit: number,
  place: Place,
  codec: Codec,
  level: number | undefined,
): readonly Piece[] {
  const batch = readBatch(bytes, 0, place)
  if (batch === null) throw new RangeError('The batch is not complete')
  const records = recordsOf(bytes, batch, codec, place)
  const pieces: Piece[] = []
  let open = new RecordBatchEncoder(limit)
  const seal = () => {
    const { count, size } = open
    pieces.push({ bytes: open.finish(batch.isTransactional, codec, level), count, size })
  }
  visitRecords(records, batch, place, (_offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, from, count) => {
    const key = keyEnd < 0 ? null : records.subarray(keyStart, keyEnd)
    const value = valueEnd < 0 ? null : records.subarray(valueStart, valueEnd)
    const headers = readHeaders(records, from, count)
    open.append(key, value, timestamp, headers)
    if (open.size > limit && open.count > 1) {
      open.undo()
      seal()
      open = new RecordBatchEncoder(limit)
      open.append(key, value, timestamp, headers)
    }
  })
  seal()
  return pieces
}
