/** What is masked, and what is taken out of texts. */
import { expect, test } from 'vitest'
import { logger } from '../../../lib/observe/log.ts'
import { Secrets } from '../../../lib/observe/secrets.ts'
import { find } from '../../../lib/registry.ts'
import { realConfig, secretsOf } from '../../../lib/worker/real-config.ts'
import { maskSecrets } from '../../../lib/worker/secrets.ts'
import { worker } from '../../../lib/worker/settings.ts'

const CONFIG = {
  name: 'orders',
  'connector.class': 'JdbcSink',
  'connection.url': 'jdbc:sqlite:/data/orders.db',
  'connection.user': 'kafka',
  'connection.password': 'hunter22',
  'producer.override.sasl.jaas.config':
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="kafka" password="in \\"jaas\\"";',
  'unknown.api.key': 'abcdef',
  'unknown.retries': '5',
}

test('hides passwords, and what is named as one; shows a reference as it is written', async () => {
  expect(await maskSecrets(CONFIG, find)).toEqual({
    ...CONFIG,
    'connection.password': '[hidden]',
    'producer.override.sasl.jaas.config': '[hidden]',
    'unknown.api.key': '[hidden]',
  })
  const reference = '${vault:secret/db:password}'
  const masked = await maskSecrets(
    { ...CONFIG, 'connection.password': reference, 'unknown.api.key': `x${reference}` },
    find,
  )
  expect(masked).toMatchObject({ 'connection.password': reference, 'unknown.api.key': '[hidden]' })
})

test('takes secrets out of texts, in the forms in which they stand there', async () => {
  const own = worker({ 'producer.ssl.key.password': 'of the worker' })
  const secrets = new Secrets(await secretsOf(own, await realConfig(own, CONFIG), find))
  const text = (value: string) => `before ${value} after`
  for (const secret of ['hunter22', 'abcdef', 'in "jaas"', 'in \\"jaas\\"', 'in%20%22jaas%22', 'of the worker'])
    expect(secrets.scrub(text(secret))).toBe(text('[hidden]'))
  for (const plain of ['kafka', '5', 'jdbc:sqlite:/data/orders.db'])
    expect(secrets.scrub(text(plain))).toBe(text(plain))
})

test('takes out the longer of two first, and single lines of a key', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nshort\n-----END PRIVATE KEY-----'
  const secrets = new Secrets(['abcd', 'abcdefgh', key, '1', 'true', ''])
  expect(secrets.scrub('abcdefgh abcd 1 true MC4CAQAwBQYDK2VwBCIEIJ short')).toBe(
    '[hidden] [hidden] 1 true [hidden] short',
  )
})

test('keeps them out of log lines, whatever field they are in', () => {
  const secrets = new Secrets(['with "quotes"'])
  const lines: string[] = []
  const log = logger({}, { pretty: false, secrets, write: (line) => lines.push(line) })
  log.error('login by with "quotes" failed', { deep: { list: ['x with "quotes"'] } })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    message: 'login by [hidden] failed',
    deep: { list: ['x [hidden]'] },
  })
})
