/** Generates records of a schema, at a rate: `io.confluent.kafka.connect.datagen.DatagenConnector`. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../connect/errors.ts'
import { type SourceConnector, type SourceContext, type SourceTask, source } from '../../connect/plugin.ts'
import { type AvroNode, parseAvro, readAvro } from './avro.ts'
import { checkOffsets } from './check-offsets.ts'
import { Draw, seedOfName, taskSeed } from './draw.ts'
import { generator } from './generator.ts'
import { Pacing } from './pacing.ts'
import { QUICKSTARTS } from './quickstarts.ts'
import { type Config, SCHEMA_SOURCES, settings } from './settings.ts'
import { DatagenTask, DUE, GENERATION, ITERATION, SEED, TASK_ID } from './task.ts'

/** Starts a task; the clock (epoch ms) is an argument so that time can be set. */
export async function startDatagen(config: Config, context: SourceContext, clock: () => number): Promise<SourceTask> {
  const { task } = context
  const schema = await schemaOf(config)
  const stored = context.offsets.get({ [TASK_ID]: task })
  const seed =
    (stored?.[SEED] as number | bigint) ?? taskSeed(config['random.seed'] ?? seedOfName(context.connector), task)
  const iterations = config.iterations
  return new DatagenTask({
    topic: config['kafka.topic'],
    task,
    schema,
    keyField: schema.schema.field(keyFieldOf(config))?.index ?? -1,
    seed,
    generation: Number(stored?.[GENERATION] ?? 0),
    iteration: Number(stored?.[ITERATION] ?? 0),
    end: iterations > 0 ? iterations : Number.MAX_SAFE_INTEGER,
    headers: config['penstock.datagen.headers'],
    pacing: pacingOf(config, seed, clock(), stored?.[DUE]),
    clock,
  })
}

const connector: SourceConnector = source<typeof settings>({
  class: 'io.confluent.kafka.connect.datagen.DatagenConnector',
  aliases: ['DatagenConnector', 'Datagen', 'DatagenSource'],
  taskClass: 'io.confluent.kafka.connect.datagen.DatagenTask',
  version: '1.0.0',
  doc: 'Generates records from a schema with annotations, at a rate: for demos, tests and load.',
  settings,

  async validate(config) {
    const errors = new Map<string, readonly string[]>()
    const given = SCHEMA_SOURCES.filter((name) => config[name] !== '')
    if (given.length !== 1) {
      for (const name of given.length > 1 ? given : SCHEMA_SOURCES)
        errors.set(name, [`Must set exactly one of ${SCHEMA_SOURCES.join(', ')}`])
      return errors
    }
    try {
      const schema = await schemaOf(config)
      generator(schema)
      const key = config['schema.keyfield']
      if (key !== '' && schema.schema.field(key) === undefined)
        errors.set('schema.keyfield', ["The schema does not contain the field provided in 'schema.keyfield'"])
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.set(given[0] as string, [error.message])
    }
    return errors
  },

  async split(_config, raw, maxTasks) {
    return Array.from({ length: maxTasks }, (_, task) => ({ ...raw, [TASK_ID]: String(task) }))
  },

  exactlyOnce: () => true,
  checkOffsets,
  start: (config, context) => startDatagen(config, context, Date.now),
})

export default connector

async function schemaOf(config: Config): Promise<AvroNode> {
  const quickstart = QUICKSTARTS[config.quickstart.toLowerCase()]
  if (quickstart !== undefined) return readAvro((await quickstart.load()).default)
  if (config['schema.string'] !== '') return parseAvro(config['schema.string'])
  const file = config['schema.filename']
  if (file === '') throw new ConfigError(`Must set exactly one of ${SCHEMA_SOURCES.join(', ')}`)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `Unable to find the schema file ${file} (schema.filename): ${(error as Error).message}`,
      error,
    )
  }
  return parseAvro(text)
}

function keyFieldOf(config: Config): string {
  return config['schema.keyfield'] || (QUICKSTARTS[config.quickstart.toLowerCase()]?.key ?? '')
}

function pacingOf(config: Config, seed: number | bigint, now: number, stored: unknown): Pacing {
  const resumed = typeof stored === 'number' ? stored : undefined
  const rate = config['penstock.datagen.rate']
  if (rate !== null) {
    const gap = 1000 / rate
    return new Pacing(() => gap, gap, now, resumed)
  }
  const longest = Math.max(0, config['max.interval'])
  const draw = new Draw(taskSeed(seed, -1))
  return new Pacing(
    longest === 0 ? () => 0 : (iteration) => draw.seek(iteration).unit() * longest,
    longest,
    now,
    resumed,
  )
}
