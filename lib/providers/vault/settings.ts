/** How Vault is reached and logged in to; the names are those of kafka-config-provider-vault. */
import { ConfigError } from '../../connect/errors.ts'
import { boolean, type ConfigOf, int, password, string } from '../../connect/settings.ts'
import { atLeast, oneOfIgnoringCase } from '../../connect/validators.ts'

export const VAULT_SETTINGS = {
  'vault.address': string({
    doc: 'The URL of the server. Default: the environment variable VAULT_ADDR.',
    importance: 'high',
    default: '',
  }),
  'vault.login.by': string({
    doc: 'Token; AppRole; or AWS, with the IAM credentials of the function.',
    importance: 'high',
    default: 'Token',
    validator: oneOfIgnoringCase('Token', 'AppRole', 'AWS'),
  }),
  'vault.token': password({
    doc: 'The token. Default: the environment variable VAULT_TOKEN.',
    importance: 'high',
    default: null,
  }),
  'vault.role.id': string({ doc: 'The role id for AppRole.', importance: 'high', default: '' }),
  'vault.secret.id': password({ doc: 'The secret id for AppRole.', importance: 'high', default: null }),
  'vault.aws.role': string({ doc: "The role for AWS. Default: Vault takes the IAM role's name.", default: '' }),
  'vault.aws.region': string({
    doc: 'The region whose STS is asked. Empty: the global one, sts.amazonaws.com.',
    default: '',
  }),
  'vault.aws.server.id': string({
    doc: 'X-Vault-AWS-IAM-Server-ID, where the auth method demands one.',
    default: '',
  }),
  'vault.auth.path': string({
    doc: 'Where the auth method is mounted. Default: approle, or aws.',
    importance: 'low',
    default: '',
  }),
  'vault.namespace': string({ doc: 'The namespace.', importance: 'low', default: '' }),
  'vault.prefix': string({ doc: 'Begins all paths.', importance: 'low', default: '' }),
  'vault.max.retries': int({
    doc: 'How often a call is tried again that the server could not answer.',
    importance: 'low',
    default: 5,
    validator: atLeast(0),
  }),
  'vault.retry.interval.ms': int({
    doc: 'The wait before that, in ms.',
    importance: 'low',
    default: 2000,
    validator: atLeast(0),
  }),
  'vault.ssl.verify.enabled': boolean({
    doc: "Whether the server's certificate is checked: always. An authority of your own is trusted by the environment variable NODE_EXTRA_CA_CERTS.",
    importance: 'low',
    default: true,
    validator: {
      allowed: '[true]',
      check(name, value) {
        if (value === false)
          throw ConfigError.invalid(name, value, 'trust an authority of your own by NODE_EXTRA_CA_CERTS instead')
      },
    },
  }),
} as const

export type VaultSettings = ConfigOf<typeof VAULT_SETTINGS>
