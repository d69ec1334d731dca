/** MirrorMaker 2 as it is on the JVM: its settings, what it says of configs and offsets, and the bytes of its records. */
import { expect, test } from 'vitest'
import type { SourceConnector } from '../../../../lib/connect/plugin.ts'
import {
  decodeCheckpoint,
  decodeOffsetSync,
  encodeCheckpoint,
  encodeOffsetSync,
  heartbeat,
} from '../../../../lib/connectors/mirror/records.ts'
import { find } from '../../../../lib/registry.ts'
import { pluginRegistry } from '../../../../lib/rest/plugin-registry.ts'
import { validateConfig } from '../../../../lib/rest/validation/validate-config.ts'
import { worker } from '../../../../lib/worker/settings.ts'
import { recorded } from './recorded.ts'

const deps = { registry: pluginRegistry, worker: worker({ 'group.id': 'jvm-mm' }) }
const CLASS = 'org.apache.kafka.connect.mirror.'

const validate = (connector: string, config: Readonly<Record<string, string>>) =>
  validateConfig(deps, { ...config, 'connector.class': CLASS + connector })

test.each(['MirrorSourceConnector', 'MirrorHeartbeatConnector', 'MirrorCheckpointConnector'])(
  '%s declares every setting as in Connect',
  async (connector) => {
    const { configs } = await validate(connector, {})
    const declared = configs.map(({ definition: d }) => [
      ...[connector, d?.name, d?.type, d?.required, d?.default_value, d?.importance],
      ...[d?.group, d?.order_in_group, d?.width, d?.display_name],
    ])
    const known = recorded('definition').filter(([of]) => of === connector)
    expect(new Set(declared.map(String))).toEqual(new Set(known.map(String)))
    expect(configs.every(({ definition }) => definition?.documentation !== '')).toBe(true)
  },
)

test.each(recorded('validation').map(([one]) => one))('$connector says the same of a config: $label', async (of) => {
  const { configs, error_count, groups } = await validate(of.connector, of.config)
  const all = configs.map(({ value: v }) => [v.name, v.value, v.errors, v.visible, v.recommended_values] as const)
  const values = new Map(all.map((value) => [value[0], value]))
  for (const value of of.values) expect(values.get(value[0])).toEqual(value)
  expect([error_count, groups]).toEqual([of.errors, of.groups])
  if (of.order !== undefined) expect([...values.keys()]).toEqual(of.order)
})

test.each([
  ['MirrorSourceConnector', 'topics'],
  ['MirrorCheckpointConnector', 'groups'],
])('%s tells what is no regular expression before it starts', async (connector, setting) => {
  const { configs } = await validate(connector, { name: 'n', 'source.cluster.alias': 'a', [setting]: 'x,(' })
  const found = configs.find(({ value }) => value.name === setting)
  expect(found?.value.errors).toEqual([expect.stringContaining(`Invalid value [x, (] for configuration ${setting}`)])
})

test.each(recorded('offsets'))('%s with %o at %o: %s', async (connector, partition, offset, refusal) => {
  const { checkOffsets } = (await find('source', CLASS + connector)) as SourceConnector
  const check = () => checkOffsets?.([{ partition, offset }], {})
  if (refusal === null) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ message: refusal }))
})

const bytes = (key: string, value: string) => ({ key: Buffer.from(key, 'hex'), value: Buffer.from(value, 'hex') })

test.each(recorded('heartbeat'))('heartbeat %s %s', (...record) => {
  const { key, value } = bytes(...record)
  expect(heartbeat('a', 'b', Number(value.readBigInt64BE(2)))).toEqual({ key, value })
})

test.each(recorded('checkpoint'))('checkpoint %s %s', (...record) => {
  const checkpoint = decodeCheckpoint(bytes(...record))
  expect(checkpoint).toMatchObject({ group: 'readers', topic: 'a.orders' })
  expect(checkpoint && encodeCheckpoint(checkpoint)).toEqual(bytes(...record))
})

test.each(recorded('offset-sync'))('offset sync %s %s', (...record) => {
  const sync = decodeOffsetSync(bytes(...record))
  expect(sync).toMatchObject({ topic: 'orders' })
  expect(sync && encodeOffsetSync(sync)).toEqual(bytes(...record))
})

test('records that are something else are passed over', () => {
  const other = bytes('78', '79')
  expect([decodeCheckpoint(other), decodeOffsetSync(other)]).toEqual([null, null])
})
