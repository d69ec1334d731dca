/** Requests as nobody would send them: near to what the API's own description names, so that they get far. */
import fc from 'fast-check'

export interface Sent {
  readonly method: string
  /** As it is sent: encoded, or not. */
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly isBase64Encoded: boolean
}

export type Operation = readonly [method: string, path: string]

/** Among `operations`, those of the OpenAPI document; `config` is a connector's that is right. */
export function requests(
  operations: readonly Operation[],
  config: Readonly<Record<string, string>>,
): fc.Arbitrary<Sent> {
  const bodies = bodiesFor(config)
  const known = fc
    .tuple(fc.constantFrom(...operations), fc.constantFrom(...METHODS), chance(10), fc.array(segment, TWO))
    .chain(([[own, template], other, otherMethod, parts]) => {
      const method = otherMethod ? other : own
      return fc.record({
        method: fc.constant(method),
        path: fc.constant(filled(template, parts)),
        body: bodies(template),
      })
    })
  const strange = fc.record({
    method: fc.constantFrom(...METHODS),
    path: fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
    body: bodies(''),
  })
  const to = fc.oneof({ weight: 19, arbitrary: known }, { weight: 1, arbitrary: strange })
  return fc
    .record({ to, query, headers, isBase64Encoded: chance(20) })
    .map(({ to, ...others }) => ({ ...to, ...others }))
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'] as const
const TWO = { minLength: 2, maxLength: 2 }
const NAMES = ['a', 'b', 'stopped', 'x y', 'ü', '__proto__', 'constructor', 'with/slash', ''] as const
const chance = (of: number) => fc.nat({ max: of - 1 }).map((n) => n === 0)
const mostly = <T, U>(usual: fc.Arbitrary<T>, seldom: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: seldom })

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' ', '-1', '0', 'null', '\u0000', '$' + '{env:HOME}'),
)
const segment = mostly(
  fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom('a', 'stopped'), text).map(encoded),
  fc.constantFrom('%', '%zz', '%2f', '%00', '..', '.', '%c3%28', '0', '99999999999', '+1', 'FileStreamSource'),
)

function encoded(part: string): string {
  try {
    return encodeURIComponent(part)
  } catch {
    return '%ff'
  }
}

function filled(template: string, parts: readonly string[]): string {
  let next = 0
  return template.replace(/\{\w+\}/g, () => parts[next++] ?? 'a')
}

const key = mostly(
  fc.constantFrom(
    ...['name', 'connector.class', 'tasks.max', 'topics', 'topics.regex', 'file', 'topic', 'transforms'],
    ...['transforms.t.type', 'transforms.t.field', 'predicates', 'value.converter', 'value.converter.schemas.enable'],
    ...['errors.tolerance', 'connection.password', 'penstock.slice.ms', 'producer.override.acks', 'header.converter'],
  ),
  text,
)
const setting = fc.oneof(
  text,
  fc.constantFrom('t', 't,t', '1', 'true', 'all', '['),
  fc.constantFrom('FileStreamSource', 'FileStreamSink', 'JdbcSink', 'Datagen', 'nothing'),
  fc.constantFrom('org.apache.kafka.connect.transforms.Flatten$Value', 'org.apache.kafka.connect.json.JsonConverter'),
  fc.constant(null),
  fc.integer(),
  fc.jsonValue(),
)
const position = mostly(
  fc.dictionary(
    fc.oneof(fc.constantFrom('filename', 'position', 'kafka_topic', 'kafka_partition', 'kafka_offset'), text),
    fc.oneof(fc.nat(), text, fc.jsonValue()),
    { maxKeys: 3 },
  ),
  fc.constant(null),
)
const broken = fc.oneof(
  text,
  fc.constantFrom(undefined, '', '{', '[]', '{"a":1,"a":2}', `{"n":${'9'.repeat(400)}}`, '['.repeat(5_000)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
)

/** What a body is like at a path, and now and then at another. */
function bodiesFor(right: Readonly<Record<string, string>>): (path: string) => fc.Arbitrary<string | undefined> {
  const config = fc.oneof(
    fc.constant(right),
    fc.dictionary(key, setting, { maxKeys: 2 }).map((more) => ({ ...right, ...more })),
    fc.dictionary(key, setting, { maxKeys: 6 }),
  )
  const filename = { filename: right['file'] ?? '' }
  const offsets = fc.array(
    fc.oneof(
      fc.nat().map((at) => ({ partition: filename, offset: { position: at } })),
      fc.record({ partition: position, offset: position }, { requiredKeys: [] }),
    ),
    { maxLength: 3 },
  )
  const create = { name: mostly(fc.constantFrom(...NAMES), fc.jsonValue()), config }
  const states = fc.oneof(fc.constantFrom('RUNNING', 'stopped', 'PAUSED'), setting)
  const created = fc.oneof(fc.record(create), fc.record({ ...create, initial_state: states }, { requiredKeys: [] }))
  const json: readonly (readonly [RegExp, fc.Arbitrary<unknown>])[] = [
    [/^\/connectors$/, created],
    [/\/(config|validate)$/, config],
    [/\/offsets$/, fc.record({ offsets: mostly(offsets, fc.jsonValue()) })],
    [/\/(undo|rollback)$/, fc.record({ version: mostly(fc.nat({ max: 5 }), fc.jsonValue()) })],
    [/\/loggers\//, fc.record({ level: mostly(fc.constantFrom('INFO', 'debug', 'x'), fc.jsonValue()) })],
    [
      /\/preview$/,
      fc.record({
        config,
        records: mostly(fc.array(fc.oneof(fc.jsonValue(), text), { maxLength: 3 }), fc.jsonValue()),
      }),
    ],
  ]
  const any = fc.oneof(...json.map(([, body]) => body), fc.jsonValue())
  return (path) => {
    const own = json.find(([pattern]) => pattern.test(path))?.[1] ?? any
    return mostly(
      mostly(own, any).map((value) => JSON.stringify(value)),
      broken,
    )
  }
}

const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      ...Array<string>(12).fill('application/json'),
      ...['text/plain', 'application/json; charset=latin1', 'APPLICATION/JSON', ';', ''],
    ),
    accept: fc.constantFrom(
      ...Array<string>(12).fill('application/json'),
      ...['*/*', 'text/html', 'application/json;q=0', ',', ';q=x', ''],
    ),
    origin: fc.constantFrom('http://elsewhere', 'null'),
    authorization: fc.constantFrom('Basic !', 'Bearer x', 'Basic YTpi'),
  },
  { requiredKeys: ['content-type'] },
)
const parameter = fc.tuple(
  fc.constantFrom('expand', 'includeTasks', 'onlyFailed', 'connectorsOnly', 'scope', 'since', 'limit', '%'),
  fc.oneof(fc.constantFrom('true', 'status', 'info', 'cluster', '-1'), text).map(encoded),
)
const query = fc.oneof(
  fc.constant(''),
  fc.array(parameter, { maxLength: 3 }).map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
)
