/** The settings of MirrorHeartbeatConnector (`MirrorHeartbeatConfig`). */
import { boolean, type ConfigOf, long, short } from '../../../connect/settings.ts'
import { COMMON } from '../settings.ts'

export const SETTINGS = {
  ...COMMON,
  'emit.heartbeats.enabled': boolean({ default: true, importance: 'low', doc: 'Whether heartbeats are written.' }),
  'emit.heartbeats.interval.seconds': long({
    default: 1,
    importance: 'low',
    doc: 'The time between two heartbeats, in seconds. A task whose next one is some seconds away ends its slice.',
  }),
  'heartbeats.topic.replication.factor': short({ default: 3, importance: 'low', doc: "Of the heartbeats' topic." }),
} as const

export type HeartbeatConfig = ConfigOf<typeof SETTINGS>
