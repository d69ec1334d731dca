/**
 * The security properties of Kafka's clients (4.3) as MirrorMaker's connectors declare them. What counts are those
 * under `source.cluster.` and `target.cluster.`; these are there since Connect lists them.
 */
import { parseText, type Setting, type SettingType } from '../../connect/settings.ts'

/** A line each: name, type, importance, then `=` and the default where it isn't null. */
const PROPERTIES = `
ssl.protocol string medium =TLSv1.3
ssl.provider string medium
ssl.cipher.suites list low =
ssl.enabled.protocols list medium =TLSv1.2,TLSv1.3
ssl.keystore.type string medium =JKS
ssl.keystore.location string high
ssl.keystore.password password high
ssl.key.password password high
ssl.keystore.key password high
ssl.keystore.certificate.chain password high
ssl.truststore.certificates password high
ssl.truststore.type string medium =JKS
ssl.truststore.location string high
ssl.truststore.password password high
ssl.keymanager.algorithm string low =SunX509
ssl.trustmanager.algorithm string low =PKIX
ssl.endpoint.identification.algorithm string low =https
ssl.secure.random.implementation string low
ssl.engine.factory.class class low
sasl.kerberos.service.name string medium
sasl.kerberos.kinit.cmd string low =/usr/bin/kinit
sasl.kerberos.ticket.renew.window.factor double low =0.8
sasl.kerberos.ticket.renew.jitter double low =0.05
sasl.kerberos.min.time.before.relogin long low =60000
sasl.login.refresh.window.factor double low =0.8
sasl.login.refresh.window.jitter double low =0.05
sasl.login.refresh.min.period.seconds short low =60
sasl.login.refresh.buffer.seconds short low =300
sasl.mechanism string medium =GSSAPI
sasl.jaas.config password medium
sasl.client.callback.handler.class class medium
sasl.login.callback.handler.class class medium
sasl.login.class class medium
sasl.login.connect.timeout.ms int low
sasl.login.read.timeout.ms int low
sasl.login.retry.backoff.max.ms long low =10000
sasl.login.retry.backoff.ms long low =100
sasl.oauthbearer.jwt.retriever.class class medium =org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever
sasl.oauthbearer.jwt.validator.class class medium =org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator
sasl.oauthbearer.scope string medium
sasl.oauthbearer.client.credentials.client.id string medium
sasl.oauthbearer.client.credentials.client.secret password medium
sasl.oauthbearer.assertion.algorithm string medium =RS256
sasl.oauthbearer.assertion.claim.aud string medium
sasl.oauthbearer.assertion.claim.exp.seconds int low =300
sasl.oauthbearer.assertion.claim.iss string medium
sasl.oauthbearer.assertion.claim.jti.include boolean medium =false
sasl.oauthbearer.assertion.claim.nbf.seconds int low =60
sasl.oauthbearer.assertion.claim.sub string medium
sasl.oauthbearer.assertion.file string medium
sasl.oauthbearer.assertion.private.key.file string medium
sasl.oauthbearer.assertion.private.key.passphrase password medium
sasl.oauthbearer.assertion.template.file string medium
sasl.oauthbearer.scope.claim.name string low =scope
sasl.oauthbearer.sub.claim.name string low =sub
sasl.oauthbearer.token.endpoint.url string medium
sasl.oauthbearer.jwks.endpoint.url string medium
sasl.oauthbearer.jwks.endpoint.refresh.ms long low =3600000
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms long low =10000
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms long low =100
sasl.oauthbearer.clock.skew.seconds int low =30
sasl.oauthbearer.expected.audience list high =
sasl.oauthbearer.expected.issuer string high
sasl.oauthbearer.header.urlencode boolean low =false
`

/** For a declaration to spread: nobody reads them. */
export const SECURITY: Readonly<Record<never, never>> = Object.fromEntries(
  PROPERTIES.trim()
    .split('\n')
    .map((line) => /^(\S+) (\S+) (\S+) ?(?:=(.*))?$/.exec(line) ?? [])
    .map(([, name = '', type, importance, value]): [string, Setting] => [
      name,
      {
        type: type as SettingType,
        importance: importance as Setting['importance'],
        default: value === undefined ? null : parseText(name, value, type as SettingType),
        doc: `Without effect: set source.cluster.${name} and target.cluster.${name}.`,
      },
    ]),
)
