/** Vault's AWS auth method of type iam: a signed request that Vault sends to STS itself, to see who signed it. */
import { createHash, createHmac } from 'node:crypto'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { SignatureV4 } from '@smithy/signature-v4'
import { ConfigError } from '../../connect/errors.ts'
import type { VaultSettings } from './settings.ts'

const BODY = 'Action=GetCallerIdentity&Version=2011-06-15'

/** The body of `auth/aws/login`. */
export async function awsLogin(config: VaultSettings): Promise<Readonly<Record<string, string>>> {
  const region = config['vault.aws.region']
  const host = region === '' ? 'sts.amazonaws.com' : `sts.${region}.amazonaws.com`
  const server = config['vault.aws.server.id']
  const signer = new SignatureV4({
    service: 'sts',
    region: region === '' ? 'us-east-1' : region,
    credentials: defaultProvider(),
    sha256: Sha256,
  })
  const request = {
    method: 'POST',
    protocol: 'https:',
    hostname: host,
    path: '/',
    headers: {
      host,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': String(BODY.length),
      ...(server === '' ? {} : { 'x-vault-aws-iam-server-id': server }),
    },
    body: BODY,
  }
  const { headers } = await signer.sign(request).catch((cause: Error) => {
    throw new ConfigError(`The login to Vault by AWS can't be signed: ${cause.message}`, cause)
  })
  const role = config['vault.aws.role']
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    ...(role === '' ? {} : { role }),
    iam_http_request_method: 'POST',
    iam_request_url: base64(`https://${host}/`),
    iam_request_body: base64(BODY),
    iam_request_headers: base64(JSON.stringify(headers)),
  }
}

type Data = string | ArrayBuffer | ArrayBufferView

/** SHA-256 and its HMAC, as the signer wants them. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret))
  }

  update(data: Data): void {
    this.#hash.update(bytes(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

function bytes(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}
