/** `ConnectRecord.toString`, as it is shown in errors about a record. */
import type { ConnectRecord, Position } from '../connect/record.ts'
import type { Schema } from '../connect/schema.ts'
import { javaString } from './to-string.ts'

export function recordString(record: ConnectRecord): string {
  const { origin, topic, partition, keySchema, key, valueSchema, value, timestamp, headers } = record
  const text = headers.map(
    (header) =>
      `ConnectHeader(key=${header.key}, value=${javaString(header.value, header.schema)}, schema=${schemaString(header.schema)})`,
  )
  const common = `ConnectRecord{topic='${topic}', kafkaPartition=${partition}, key=${javaString(key, keySchema)}, keySchema=${schemaString(keySchema)}, value=${javaString(value, valueSchema)}, valueSchema=${schemaString(valueSchema)}, timestamp=${timestamp}, headers=ConnectHeaders(headers=${headers.length === 0 ? '' : `[${text.join(', ')}]`})}`
  if (origin.kind === 'source')
    return `SourceRecord{sourcePartition=${position(origin.partition)}, sourceOffset=${position(origin.offset)}} ${common}`
  return `SinkRecord{kafkaOffset=${origin.offset}, timestampType=${origin.timestampType}, originalTopic=${origin.topic}, originalKafkaPartition=${origin.partition}, originalKafkaOffset=${origin.offset}} ${common}`
}

function position(map: Position): string {
  return javaString(map)
}

/** `ConnectSchema.toString`. */
function schemaString(schema: Schema | null): string {
  if (schema === null) return 'null'
  return `Schema{${schema.name === null ? '' : `${schema.name}:`}${schema.type.toUpperCase()}}`
}
