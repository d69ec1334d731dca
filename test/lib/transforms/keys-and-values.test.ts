import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { decimal } from '../../../lib/connect/logical.ts'
import { BYTES, OPTIONAL_BYTES, OPTIONAL_STRING, STRING, struct } from '../../../lib/connect/schema.ts'
import { Decimal, Struct } from '../../../lib/connect/value.ts'
import { decimalText } from '../../../lib/java/number-text.ts'
import { NO_LOG } from '../../contract/transform.ts'
import { apply, applyAll, applyKept, recordOf } from './apply.ts'

const COMMON = 'com.github.jcustenborder.kafka.connect.transform.common'

test('Drop leaves null, under the schema that was asked for', async () => {
  const schemaAfter = async (behavior: string, schema = STRING) => {
    const raw = { 'schema.behavior': behavior }
    const out = await apply('io.confluent.connect.transforms.Drop$Value', raw, recordOf('x', { schema }))
    expect(out?.value).toBeNull()
    return out?.valueSchema
  }
  expect(await schemaAfter('nullify')).toBeNull()
  expect(await schemaAfter('retain')).toBe(STRING)
  expect((await schemaAfter('force_optional'))?.optional).toBe(true)
  expect(await schemaAfter('validate', OPTIONAL_STRING)).toBe(OPTIONAL_STRING)
  await expect(schemaAfter('validate')).rejects.toThrow(DataError)
  await expect(schemaAfter('other')).rejects.toThrow(ConfigError)
})

test('TombstoneHandler drops records without a value, or fails on them', async () => {
  const name = 'io.confluent.connect.transforms.TombstoneHandler'
  const full = recordOf('x')
  expect(await apply(name, {}, full)).toBe(full)
  for (const behavior of ['warn', 'ignore'])
    expect(await apply(name, { behavior }, recordOf(null, { schema: OPTIONAL_STRING }))).toBeNull()
  await expect(apply(name, { behavior: 'fail' }, recordOf(null))).rejects.toThrow(DataError)
})

test('TombstoneHandler tells of each that it drops, unless it is to ignore them', async () => {
  const name = 'io.confluent.connect.transforms.TombstoneHandler'
  const lines: string[] = []
  const log = { ...NO_LOG, warn: (message: string) => void lines.push(message) }
  await applyAll(name, {}, recordOf(null, { topic: 'orders' }), log)
  await applyAll(name, { behavior: 'ignore' }, recordOf(null), log)
  await applyAll(name, {}, recordOf('x'), log)
  expect(lines).toEqual(['A record of topic orders is a tombstone, and TombstoneHandler drops it'])
})

test('BytesToString reads the whole or the fields named', async () => {
  const name = `${COMMON}.BytesToString$Value`
  const latin = Uint8Array.of(0x66, 0xfc, 0x72)
  const whole = await applyKept(name, { charset: 'ISO-8859-1' }, recordOf(latin, { schema: BYTES }))
  expect([whole.valueSchema, whole.value]).toEqual([STRING, 'für'])
  const schema = struct([['a', OPTIONAL_BYTES] as const, ['b', BYTES] as const], { name: 'n' })
  const fields = await applyKept(name, { fields: 'a' }, recordOf(new Struct(schema, [Buffer.from('ü'), latin])))
  expect(fields.valueSchema?.field('a')?.schema).toBe(OPTIONAL_STRING)
  expect((fields.value as Struct).values).toEqual(['ü', latin])
  expect((await apply(name, { fields: 'a' }, recordOf({ a: Buffer.from('x'), b: 1 })))?.value).toEqual({ a: 'x', b: 1 })
  await expect(apply(name, {}, recordOf('x', { schema: STRING }))).rejects.toThrow(DataError)
  await expect(apply(name, { charset: 'none' }, whole)).rejects.toThrow(ConfigError)
})

test('KeyToValue adds the key to the value', async () => {
  const name = 'com.clickhouse.kafka.connect.transforms.KeyToValue'
  expect((await apply(name, {}, recordOf({ a: 1 }, { key: 'k' })))?.value).toEqual({ a: 1, _key: 'k' })
  const row = recordOf(new Struct(struct([['a', STRING]]), ['x'])).withKey(BYTES, Uint8Array.of(1))
  const out = (await applyKept(name, { field: 'id' }, row)).value as Struct
  expect([out.get('a'), out.get('id'), out.schema.field('id')?.schema]).toEqual(['x', Uint8Array.of(1), BYTES])
  await expect(apply(name, {}, recordOf('no map', { key: 'k' }))).rejects.toThrow(DataError)
})

test('AdjustPrecisionAndScale keeps decimals within the range, near to what they were', async () => {
  const name = 'io.confluent.connect.transforms.AdjustPrecisionAndScale$Value'
  const adjust = async (value: Decimal, raw: Record<string, string>) => {
    const out = await applyKept(name, raw, recordOf(new Struct(struct([['d', decimal(value.scale)]]), [value])))
    const schema = out.valueSchema?.field('d')?.schema
    const result = (out.value as Struct).get('d') as Decimal
    expect(schema?.parameters?.get('scale')).toBe(String(result.scale))
    return { text: decimalText(result), precision: schema?.parameters?.get('connect.decimal.precision') }
  }
  const narrow = { 'precision.mode': 'max', 'precision.value': '3' }
  expect(await adjust(new Decimal(12345n, 2), narrow)).toEqual({ text: '123.00', precision: '3' })
  expect(await adjust(new Decimal(-99951n, 2), narrow)).toEqual({ text: '-1000.00', precision: '3' })
  expect((await adjust(new Decimal(-12399n, 4), { 'scale.mode': 'max', 'scale.value': '2' })).text).toBe('-1.23')
  expect((await adjust(new Decimal(12n, -2), { 'scale.negative.mode': 'zero' })).text).toBe('1200')
  expect((await adjust(new Decimal(12n, -2), { 'scale.negative.mode': 'value', 'scale.value': '1' })).text).toBe(
    '1200.0',
  )
  expect(await adjust(new Decimal(12345n, 2), {})).toEqual({ text: '123.45', precision: '5' })
  const wide = new Decimal(10n ** 131n, 127)
  const unknown = { 'precision.mode': 'undefined', 'scale.mode': 'undefined', 'scale.value': '2' }
  expect(await adjust(wide, unknown)).toEqual({ text: '10000.00', precision: '38' })

  await fc.assert(
    fc.asyncProperty(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.integer({ min: 0, max: 40 }),
      async (u, s) => {
        const { text } = await adjust(new Decimal(u, s), { 'scale.mode': 'max', 'scale.value': '5' })
        expect(Math.abs(Number(text) - Number(decimalText(new Decimal(u, s))))).toBeLessThanOrEqual(
          1e-5 + Math.abs(Number(text)) * 1e-12,
        )
      },
    ),
    { numRuns: 50 },
  )
})
