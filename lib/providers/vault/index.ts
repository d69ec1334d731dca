/** HashiCorp Vault over its HTTP API: `${vault:secret/db:password}`. KV engines of both versions, and others as they are. */
import { ConfigError } from '../../connect/errors.ts'
import { type ConfigProvider, plugin } from '../../connect/plugin.ts'
import { createVaultClient } from './client.ts'
import { VAULT_SETTINGS } from './settings.ts'

/** The longest `ttlMs` that a timer can wait. */
const LONGEST_MS = 2_147_483_647

export default plugin<ConfigProvider, typeof VAULT_SETTINGS>({
  class: 'com.github.jcustenborder.kafka.config.vault.VaultConfigProvider',
  aliases: ['penstock.providers.VaultConfigProvider'],
  version: '1.0.0',
  doc: 'HashiCorp Vault: the path is that of the secret, as `vault kv get` takes it or as the HTTP API does (`secret/data/db`), the key one of its keys. A secret with a lease holds for its lease.',
  settings: VAULT_SETTINGS,
  create(config) {
    const client = createVaultClient(config)
    return {
      async get(path, keys, budget) {
        if (path === '') throw new ConfigError('A reference to Vault has a path and a key: ${vault:secret/db:password}')
        const secret = await client.read(path, budget)
        const found = keys.flatMap((key) => {
          const value = secret.data[key]
          if (value === undefined || value === null) return []
          return [[key, typeof value === 'string' ? value : JSON.stringify(value)] as const]
        })
        const ttl = secret.leaseSeconds > 0 ? { ttlMs: Math.min(secret.leaseSeconds * 1000, LONGEST_MS) } : {}
        return { values: Object.fromEntries(found), ...ttl }
      },
    }
  },
})
