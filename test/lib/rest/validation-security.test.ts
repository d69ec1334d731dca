/** What a worker lets connectors override and refer to, at validation: texts as Connect 4.3.1 was seen to answer. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { pluginRegistry } from '../../../lib/rest/plugin-registry.ts'
import { requireValid, validateConfig } from '../../../lib/rest/validation/validate-config.ts'
import { worker } from '../../../lib/worker/settings.ts'

const POLICY = 'connector.client.config.override.policy'
const SOURCE = { name: 'n', 'connector.class': 'FileStreamSource', topic: 't', file: 'f' }
const SINK = { name: 'n', 'connector.class': 'FileStreamSink', topics: 't' }
const OVERRIDES = {
  'producer.override.acks': '1',
  'producer.override.sasl.jaas.config': 'x',
  'consumer.override.fetch.min.bytes': '1',
  'admin.override.retries': '3',
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-validation-'))
  await writeFile(
    join(folder, 'db.properties'),
    'password=hush hush\nurl=jdbc:sqlite:/nowhere/hush hush.db\ntasks=many\n',
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function deps(settings: RawConfig) {
  return { registry: pluginRegistry, worker: worker({ 'penstock.files.allow': '*', ...settings }) }
}

async function errors(settings: RawConfig, config: RawConfig) {
  const { configs } = await validateConfig(deps(settings), config)
  return Object.fromEntries(
    configs.flatMap(({ value }) => (value.errors.length > 0 ? [[value.name, value.errors]] : [])),
  )
}

const refused = (policy: string, name: string) => [
  `The '${policy}' policy does not allow '${name}' to be overridden in the connector configuration.`,
]

test.each(['None', 'org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy'])(
  '%s lets nothing be overridden',
  async (policy) => {
    expect(await errors({ [POLICY]: policy }, { ...SOURCE, ...OVERRIDES })).toEqual({
      'producer.override.acks': refused('None', 'acks'),
      'producer.override.sasl.jaas.config': refused('None', 'sasl.jaas.config'),
      'consumer.override.fetch.min.bytes': refused('None', 'fetch.min.bytes'),
      'admin.override.retries': refused('None', 'retries'),
    })
  },
)

test('Principal and Allowlist let through what they name, All everything', async () => {
  const config = { ...SOURCE, ...OVERRIDES }
  expect(Object.keys(await errors({ [POLICY]: 'Principal' }, config))).not.toContain(
    'producer.override.sasl.jaas.config',
  )
  const allowlist = { [POLICY]: 'Allowlist', 'connector.client.config.override.allowlist': 'acks, retries' }
  expect(Object.keys(await errors(allowlist, config)).sort()).toEqual([
    'consumer.override.fetch.min.bytes',
    'producer.override.sasl.jaas.config',
  ])
  expect(await errors({}, config)).toEqual({})
  expect(() => worker({ [POLICY]: 'Some' })).toThrow(`Invalid value Some for configuration ${POLICY}`)
})

test("looks at a sink's producer and admin where it has dead letters", async () => {
  const none = { [POLICY]: 'None' }
  expect(Object.keys(await errors(none, { ...SINK, ...OVERRIDES }))).toEqual(['consumer.override.fetch.min.bytes'])
  const letters = { ...SINK, ...OVERRIDES, 'errors.deadletterqueue.topic.name': 'dlq' }
  expect(Object.keys(await errors(none, letters))).toHaveLength(4)
})

const PROVIDER = {
  'config.providers': 'file',
  'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
}
const reference = (key: string) => `\${file:${folder}/db.properties:${key}}`

test('checks what a reference stands for, and shows the reference', async () => {
  const config = { ...SINK, 'tasks.max': reference('tasks'), file: `/tmp/${reference('password')}` }
  const { configs } = await validateConfig(deps(PROVIDER), config)
  const shown = Object.fromEntries(configs.map(({ value }) => [value.name, value]))
  expect(shown['file']).toMatchObject({ value: config.file, errors: [] })
  expect(shown['tasks.max']?.errors[0]).toBe(
    'Invalid value [hidden] for configuration tasks.max: Not a number of type INT',
  )
  expect(JSON.stringify(configs)).not.toContain('hush')
})

test('hides passwords and what was looked up from the errors of a refused connector', async () => {
  const config = {
    name: 'n',
    'connector.class': 'JdbcSink',
    topics: 't',
    'connection.url': reference('url'),
    'connection.password': 'hush hush',
  }
  const bounded = deps({ ...PROVIDER, 'penstock.files.allow': folder })
  const failure = await requireValid(bounded, config).catch((error: Error) => error.message)
  expect(failure).toContain('Invalid value [hidden] for configuration connection.url')
  expect(failure).not.toContain('hush')
})

test('says what can not be resolved', async () => {
  await expect(validateConfig(deps(PROVIDER), { ...SOURCE, topic: '${file:/nowhere:x}' })).rejects.toMatchObject({
    kind: 'config',
    message:
      "Connector n: the setting topic can't be resolved by the config provider file, path /nowhere: Could not read properties from file /nowhere (ENOENT)",
  })
})
