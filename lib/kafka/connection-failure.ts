/** Why a connection to a broker failed, in words that name what to check. */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import { type Address, addressText } from './address.ts'
import type { ClientSettings } from './client-settings.ts'
import { CODES, KafkaError } from './codes.ts'

const PACKAGE = 'org.apache.kafka.common.errors'
const TLS_ALERT = /ALERT|alert/
const TLS_VERIFICATION = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/
const TLS_MISMATCH = /WRONG_VERSION|EPROTO|before secure TLS|packet length|SSL routines/

/** `reason` is OpenSSL's own word for it. */
type Failure = Error & { readonly code?: string | number; readonly reason?: string }

/**
 * The error for a connection that couldn't be had or was lost. Wrong certificates, passwords and protocols are of kind
 * `config`, since no repetition mends them; all else is a retriable NETWORK_EXCEPTION.
 */
export function connectionFailure(error: unknown, address: Address, settings: ClientSettings): ConnectError {
  if (error instanceof ConnectError) return error
  const { message, code = '', name, reason = message.split('; if the root CA')[0] } = error as Failure
  const at = addressText(address)
  const { tls, sasl, securityProtocol } = settings
  if (sasl !== null && (name === 'KafkaJSSASLAuthenticationError' || name === 'KafkaJSProtocolError'))
    return new ConnectError(
      `The broker at ${at} refused the login by ${sasl.mechanism}: ${reason}. Check sasl.jaas.config, sasl.mechanism and security.protocol`,
      { kind: 'config', javaClass: `${PACKAGE}.SaslAuthenticationException`, cause: error },
    )
  const text = `${code} ${message}`
  if (tls !== null && TLS_ALERT.test(text))
    return new ConnectError(
      `The broker at ${at} broke off TLS: ${reason}. Check whether it asks for a client certificate and trusts the one it gets (ssl.keystore.*)`,
      { kind: 'config', javaClass: `${PACKAGE}.SslAuthenticationException`, cause: error },
    )
  if (tls !== null && TLS_VERIFICATION.test(text))
    return new ConnectError(
      `The broker at ${at} has a certificate that can't be trusted: ${reason}. Check ssl.truststore.* and ssl.endpoint.identification.algorithm`,
      { kind: 'config', javaClass: `${PACKAGE}.SslAuthenticationException`, cause: error },
    )
  if (tls !== null && TLS_MISMATCH.test(text))
    return networkError(
      `No TLS with the broker at ${at}: ${reason}. Check that its listener is for security.protocol=${securityProtocol}`,
      error,
    )
  return networkError(`No connection to the broker at ${at}: ${reason}`, error)
}

/** A TLS alert where an answer in plain text is due. */
export function speaksTls(address: Address, { securityProtocol }: ClientSettings): ConfigError {
  const right = securityProtocol === 'PLAINTEXT' ? 'SSL' : 'SASL_SSL'
  return new ConfigError(
    `The broker at ${addressText(address)} speaks TLS: set security.protocol=${right}, not ${securityProtocol}`,
  )
}

function networkError(message: string, cause: unknown): KafkaError {
  return new KafkaError(CODES.NETWORK_EXCEPTION, message, cause)
}

/** None of the brokers answered. Names each with its reason, once. */
export function unreachable(reasons: ReadonlyMap<string, ConnectError>, settings: ClientSettings): ConnectError {
  const first = [...reasons.values()].find((reason) => reason.kind !== 'retriable')
  if (first !== undefined) return first
  const list = [...reasons].map(([at, reason]) => `${at} (${shortReason(reason)})`).join(', ')
  return new KafkaError(
    CODES.NETWORK_EXCEPTION,
    `Kafka can't be reached at ${list}: check bootstrap.servers, that the brokers run and let this machine through, and that their listeners are for security.protocol=${settings.securityProtocol}`,
    [...reasons.values()].at(-1),
  )
}

function shortReason(reason: ConnectError): string {
  const cause = reason.cause as { readonly code?: string } | undefined
  return cause?.code ?? reason.message
}
