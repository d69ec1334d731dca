/** The properties of the clusters' clients are nobody's settings; their files and secrets are looked after all the same. */
import { expect, test } from 'vitest'
import { find } from '../../../../lib/registry.ts'
import { pluginRegistry } from '../../../../lib/rest/plugin-registry.ts'
import { validateConfig } from '../../../../lib/rest/validation/validate-config.ts'
import { maskSecrets } from '../../../../lib/worker/secrets.ts'
import { worker } from '../../../../lib/worker/settings.ts'

const config = {
  name: 'copy',
  'connector.class': 'MirrorSourceConnector',
  'source.cluster.alias': 'east',
  'source.cluster.ssl.keystore.key': 'a private key',
  'target.producer.ssl.truststore.location': '/etc/passwd',
}

test("files are within the worker's penstock.files.allow", async () => {
  const deps = { registry: pluginRegistry, worker: worker({ 'group.id': 'g', 'penstock.files.allow': '/nowhere' }) }
  const { configs } = await validateConfig(deps, config)
  const wrong = configs.filter(({ value }) => value.errors.length > 0)
  expect(wrong.map(({ value }) => value.name)).toEqual(['target.producer.ssl.truststore.location'])
})

test('secrets are hidden where Penstock shows a config', async () => {
  expect(await maskSecrets(config, find)).toMatchObject({
    'source.cluster.ssl.keystore.key': '[hidden]',
    'target.producer.ssl.truststore.location': '/etc/passwd',
  })
})
