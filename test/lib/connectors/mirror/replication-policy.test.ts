import { expect, test } from 'vitest'
import { parse } from '../../../../lib/connect/settings.ts'
import { IDENTITY_POLICY, replicationPolicy } from '../../../../lib/connectors/mirror/replication-policy.ts'
import { COMMON } from '../../../../lib/connectors/mirror/settings.ts'

function policy(raw: Record<string, string> = {}) {
  const all = { 'source.cluster.alias': 'east', ...raw }
  return replicationPolicy(parse(COMMON, all), all)
}

test("by default a copy bears its source's alias, whatever hop it is", () => {
  const { remoteTopic, topicSource, upstreamTopic, originalTopic } = policy()
  expect(remoteTopic('orders')).toBe('east.orders')
  expect(['east.orders', 'orders', 'orders.', '.x'].map(topicSource)).toEqual(['east', null, null, ''])
  expect(upstreamTopic('west.east.orders')).toBe('east.orders')
  expect([originalTopic('west.east.orders'), originalTopic('orders')]).toEqual(['orders', 'orders'])
})

test('with IdentityReplicationPolicy names stay, but for heartbeats', () => {
  const identity = policy({ 'replication.policy.class': IDENTITY_POLICY })
  expect(['orders', 'heartbeats'].map(identity.remoteTopic)).toEqual(['orders', 'east.heartbeats'])
  expect(['orders', 'heartbeats', 'east.heartbeats'].map(identity.topicSource)).toEqual(['east', null, 'east'])
  expect(['orders', 'east.heartbeats'].map(identity.originalTopic)).toEqual(['orders', 'heartbeats'])
})

test('another separator is that of the internal topics too, unless they are to have dots', () => {
  const names = (raw: Record<string, string>) => {
    const { remoteTopic, offsetSyncsTopic, checkpointsTopic } = policy(raw)
    return [remoteTopic('t'), offsetSyncsTopic('west'), checkpointsTopic('east')]
  }
  const separator = { 'replication.policy.separator': '_' }
  const dots = { ...separator, 'replication.policy.internal.topic.separator.enabled': 'false' }
  expect(names({})).toEqual(['east.t', 'mm2-offset-syncs.west.internal', 'east.checkpoints.internal'])
  expect(names(separator)).toEqual(['east_t', 'mm2-offset-syncs_west_internal', 'east_checkpoints_internal'])
  expect(names(dots)).toEqual(['east_t', 'mm2-offset-syncs.west.internal', 'east.checkpoints.internal'])
})

test("MirrorMaker's and Kafka's own topics are told apart, and heartbeats of any hop", () => {
  const { isInternalTopic, isHeartbeatsTopic } = policy()
  const own = ['mm2-offset-syncs.b.internal', 'a.checkpoints.internal', '__consumer_offsets', '.x']
  expect(own.map(isInternalTopic)).toEqual([true, true, true, true])
  expect(['orders', 'a.internal', 'heartbeats'].map(isInternalTopic)).toEqual([false, false, false])
  expect(['heartbeats', 'x.east.heartbeats', 'orders'].map(isHeartbeatsTopic)).toEqual([true, true, false])
})
