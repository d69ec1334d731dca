/** Brings the decimals of a struct into a range of digits: those too wide for a database, or of undefined precision. */
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { DECIMAL_NAME, decimal } from '../connect/logical.ts'
import type { Transform } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { type ConfigOf, int, string } from '../connect/settings.ts'
import { between, oneOf } from '../connect/validators.ts'
import { Decimal, Struct } from '../connect/value.ts'
import { basicsOf, cached, structOf } from '../java/schema-builder.ts'

const MODES = '`none`: no modification. `undefined`: where it is undefined. `max`: where it is undefined or more.'

const SETTINGS = {
  'precision.value': int({
    doc: 'The precision to set.',
    importance: 'high',
    default: 38,
    validator: between(1, 64),
  }),
  'precision.mode': string({
    doc: `When to set the precision. ${MODES}`,
    importance: 'high',
    default: 'none',
    validator: oneOf('none', 'undefined', 'max'),
  }),
  'precision.undefined.value': int({
    doc: 'The precision that stands for an undefined one.',
    importance: 'low',
    default: 132,
  }),
  'scale.value': int({ doc: 'The scale to set.', importance: 'high', default: 127, validator: between(0, 127) }),
  'scale.mode': string({
    doc: `When to set the scale. ${MODES} A scale is undefined only together with the precision.`,
    importance: 'high',
    default: 'none',
    validator: oneOf('none', 'undefined', 'max'),
  }),
  'scale.negative.mode': string({
    doc: 'What to do with a negative scale. `none`: nothing. `zero`: set it to 0. `value`: set it to `scale.value`.',
    importance: 'high',
    default: 'none',
    validator: oneOf('none', 'zero', 'value'),
  }),
  'scale.undefined.value': int({
    doc: 'The scale that stands for an undefined one.',
    importance: 'low',
    default: 127,
  }),
} as const

type Config = ConfigOf<typeof SETTINGS>

export default keyAndValue({
  class: 'com.github.jcustenborder.kafka.connect.transform.common.AdjustPrecisionAndScale',
  aliases: ['io.confluent.connect.transforms.AdjustPrecisionAndScale'],
  version: '1.0.0',
  doc: 'Ensure that all decimal fields of a struct fall within the desired range of precision and scale.',
  settings: SETTINGS,
  create: adjustPrecisionAndScale,
})

/** A decimal as it goes on, and what its schema says of it. */
interface Adjusted {
  readonly value: Decimal
  readonly precision: number
}

function adjustPrecisionAndScale(config: Config, part: Part): Transform {
  // The digits of the values make the schema, so a struct's schema has one target for each combination of them.
  const targetsOf = cached((schema) => {
    const targets = new Map<string, Schema>()
    return (found: readonly (Adjusted | null)[]): Schema => {
      const key = found.map((one) => one && `${one.precision},${one.value.scale}`).join(';')
      const known = targets.get(key)
      if (known !== undefined) return known
      if (targets.size >= MOST_TARGETS) targets.clear()
      const target = structOf(
        schema.fields.map((field, i) => [field.name, fieldSchema(field.schema, found[i] ?? null)]),
        { ...basicsOf(schema), optional: schema.optional },
      )
      targets.set(key, target)
      return target
    }
  })
  return {
    apply(record) {
      const value = part.value(record)
      if (!(value instanceof Struct)) return record
      const { schema } = value
      const found = schema.fields.map((field) => {
        const item = field.schema.name === DECIMAL_NAME ? value.get(field.name) : null
        return item instanceof Decimal ? adjust(item, config) : null
      })
      if (found.every((one) => one === null)) return record
      const target = targetsOf(schema)(found)
      return part.replace(
        record,
        target,
        new Struct(
          target,
          value.values.map((item, i) => found[i]?.value ?? item),
        ),
      )
    },
  }
}

/** Values of a column have few shapes; a source of many must not fill the memory. */
const MOST_TARGETS = 256

function fieldSchema(schema: Schema, adjusted: Adjusted | null): Schema {
  if (adjusted === null) return schema
  const { scale } = adjusted.value
  const parameters = new Map(schema.parameters)
  parameters.set('scale', String(scale)).set('connect.decimal.precision', String(adjusted.precision))
  return decimal(scale, { doc: schema.doc, version: schema.version, optional: schema.optional, parameters })
}

function adjust(value: Decimal, config: Config): Adjusted {
  const precision = precisionOf(value.unscaled)
  const unknown = precision === config['precision.undefined.value']
  const narrow = applies(config['precision.mode'], unknown, precision > config['precision.value'])
  const unknownScale = unknown && value.scale === config['scale.undefined.value']
  const scale = applies(config['scale.mode'], unknownScale, value.scale > config['scale.value'])
    ? config['scale.value']
    : positive(value.scale, config)
  if (!narrow && scale === value.scale) return { value, precision }
  const digits = narrow ? config['precision.value'] : precision
  return { value: rescaled(rounded(value, digits), scale), precision: digits }
}

function applies(mode: string, unknown: boolean, exceeded: boolean): boolean {
  return mode === 'max' ? unknown || exceeded : mode === 'undefined' && unknown
}

function positive(scale: number, config: Config): number {
  if (scale >= 0 || config['scale.negative.mode'] === 'none') return scale
  return config['scale.negative.mode'] === 'zero' ? 0 : config['scale.value']
}

/** `BigDecimal.precision`: zero has one digit. */
function precisionOf(unscaled: bigint): number {
  return String(unscaled < 0n ? -unscaled : unscaled).length
}

/** `BigDecimal.round(new MathContext(digits))`: half up. */
function rounded({ unscaled, scale }: Decimal, digits: number): Decimal {
  const excess = precisionOf(unscaled) - digits
  if (excess <= 0) return new Decimal(unscaled, scale)
  const unit = 10n ** BigInt(excess)
  const half = unscaled < 0n ? -unit / 2n : unit / 2n
  // 99.9 becomes 100, which is one digit too many again.
  return rounded(new Decimal((unscaled + half) / unit, scale - excess), digits)
}

/** `BigDecimal.setScale(scale, RoundingMode.DOWN)`. */
function rescaled({ unscaled, scale }: Decimal, to: number): Decimal {
  if (to >= scale) return new Decimal(unscaled * 10n ** BigInt(to - scale), to)
  return new Decimal(unscaled / 10n ** BigInt(scale - to), to)
}
