/** Configs of every transform, by its short name. */
export const TRANSFORM_CONFIGS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  Cast: [{ spec: 'string' }, { spec: 'id:string,small:int64,flag:int8' }, { spec: 'int16' }],
  ExtractField: [{ field: 'address.city', 'field.syntax.version': 'V2' }, { field: 'id' }],
  Flatten: [{}, { delimiter: '_' }],
  HeaderFrom: [
    { fields: 'id,name', headers: 'a,b', operation: 'move' },
    { fields: 'id,name', headers: 'a,b', operation: 'copy' },
  ],
  HoistField: [{ field: 'wrapped' }, { field: '1' }],
  InsertField: [
    {
      'topic.field': 'topic',
      'partition.field': 'part',
      'timestamp.field': 'ts',
      'static.field': 's',
      'static.value': 'v',
    },
    { 'static.field': '7', 'static.value': 'v' },
  ],
  MaskField: [
    { fields: 'address.zip', 'field.syntax.version': 'V2' },
    { fields: 'id,name,tags' },
    { fields: 'id,name', replacement: '7' },
  ],
  ReplaceField: [
    { exclude: 'address.zip', renames: 'address.city:town', 'field.syntax.version': 'V2' },
    { exclude: 'name', renames: 'id:key' },
    { include: 'id,address' },
  ],
  SetSchemaMetadata: [{ 'schema.name': 'n', 'schema.version': '3' }],
  TimestampConverter: [
    { field: 'at', 'target.type': 'string', format: 'yyyy-MM-dd HH:mm' },
    { 'target.type': 'unix', 'unix.precision': 'microseconds' },
  ],
  DropHeaders: [{ headers: 'h' }],
  Filter: [{}],
  InsertHeader: [{ header: 'h2', 'value.literal': '[1, 2]' }],
  RegexRouter: [{ regex: '(.*)', replacement: 'x-$1' }],
  TimestampRouter: [{}],
  ValueToKey: [{ fields: 'id' }, { fields: 'id,name' }],
  'com.clickhouse.kafka.connect.transforms.KeyToValue': [{}, { field: 'id' }],
  'com.github.jcustenborder.kafka.connect.transform.common.AdjustPrecisionAndScale': [
    { 'precision.mode': 'max', 'precision.value': '3', 'scale.mode': 'max', 'scale.value': '1' },
  ],
  'com.github.jcustenborder.kafka.connect.transform.common.BytesToString': [{ fields: 'raw', charset: 'ISO-8859-1' }],
  'com.github.jcustenborder.kafka.connect.transform.common.ChangeTopicCase': [
    { from: 'LOWER_CAMEL', to: 'UPPER_CAMEL' },
  ],
  'io.confluent.connect.cloud.transforms.TopicRegexRouter': [{ regex: '(?P<all>.*)', replacement: 'x-${all}' }],
  'io.confluent.connect.transforms.Drop': [
    {},
    { 'schema.behavior': 'force_optional' },
    { 'schema.behavior': 'validate' },
  ],
  'io.confluent.connect.transforms.ExtractTopic': [
    { field: 'name' },
    { field: '$.address.city', 'field.format': 'JSON_PATH', 'skip.missing.or.null': 'true' },
  ],
  'io.confluent.connect.transforms.Filter': [
    { 'filter.condition': '$[?(@.id == 1)]', 'filter.type': 'include' },
    { 'filter.condition': '$.address', 'filter.type': 'exclude', 'missing.or.null.behavior': 'include' },
  ],
  'io.confluent.connect.transforms.MessageTimestampRouter': [{ 'message.timestamp.keys': 'at,id' }],
  'io.confluent.connect.transforms.TombstoneHandler': [{}, { behavior: 'fail' }],
  'penstock.transforms.Explode': [
    { field: 'tags', 'index.field': 'at', 'behavior.on.empty': 'keep' },
    { field: 'nested.a', 'field.syntax.version': 'V2' },
    { field: 'tags', 'keep.other.fields': 'false' },
    {},
  ],
  'penstock.transforms.Script': [{ 'script.file': 'test/lib/transforms/identity-script.mts' }],
}

/** Without the halves, and Apache Kafka's without the package. */
export function shortName(name: string): string {
  return name.replace(/^org\.apache\.kafka\.connect\.transforms\./, '').replace(/\$.*/, '')
}
