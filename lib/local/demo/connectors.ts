/** The demo's connectors, as one would post them. */
import type { DemoFiles } from './data.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const TRANSFORMS = 'org.apache.kafka.connect.transforms'

type Config = Readonly<Record<string, string>>

export function demoConnectors(files: DemoFiles): Readonly<Record<string, Config>> {
  return {
    flights: fileSource(files.flights, 'flights'),
    'flights-db': {
      ...databaseSink(files.database, 'flights'),
      transforms: 'types,date,dataset,mask',
      'transforms.types.type': `${TRANSFORMS}.Cast$Value`,
      'transforms.types.spec': 'delay:int32,distance:int32',
      'transforms.date.type': `${TRANSFORMS}.TimestampConverter$Value`,
      'transforms.date.field': 'date',
      'transforms.date.format': 'yyyy/MM/dd HH:mm',
      'transforms.date.target.type': 'Timestamp',
      'transforms.dataset.type': `${TRANSFORMS}.InsertField$Value`,
      'transforms.dataset.static.field': 'dataset',
      'transforms.dataset.static.value': 'flights',
      'transforms.mask.type': `${TRANSFORMS}.MaskField$Value`,
      'transforms.mask.fields': 'destination',
      'transforms.mask.replacement': '***',
      'transforms.mask.predicate': 'isFlight',
      predicates: 'isFlight',
      'predicates.isFlight.type': `${TRANSFORMS}.predicates.TopicNameMatches`,
      'predicates.isFlight.pattern': 'flights',
    },
    'flights-file': {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
      topics: 'flights',
      file: files.copy,
      'value.converter': STRING,
    },
    earthquakes: fileSource(files.earthquakes, 'earthquakes'),
    'earthquakes-db': databaseSink(files.database, 'earthquakes'),
    // Never at its end, so its slices hand over; what it makes is thrown away soon.
    pageviews: {
      'connector.class': 'io.confluent.kafka.connect.datagen.DatagenConnector',
      quickstart: 'pageviews',
      'kafka.topic': 'pageviews',
      'penstock.datagen.rate': '200',
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.retention.ms': '600000',
      'topic.creation.default.retention.bytes': '20000000',
      'topic.creation.default.segment.bytes': '5000000',
    },
  }
}

function fileSource(file: string, topic: string): Config {
  return {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    file,
    topic,
    'value.converter': STRING,
  }
}

function databaseSink(database: string, topic: string): Config {
  return {
    'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
    'connection.url': `jdbc:sqlite:${database}`,
    topics: topic,
    'insert.mode': 'upsert',
    'pk.mode': 'kafka',
    'auto.create': 'true',
    'auto.evolve': 'true',
    'key.converter': STRING,
  }
}
