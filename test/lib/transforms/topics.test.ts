import { expect, test } from 'vitest'
import { DataError } from '../../../lib/connect/errors.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import type { Value } from '../../../lib/connect/value.ts'
import { apply, recordOf } from './apply.ts'

async function topic(name: string, raw: RawConfig, from: string, value: Value = null): Promise<string | undefined> {
  return (await apply(name, raw, recordOf(value, { topic: from })))?.topic
}

test('TopicRegexRouter replaces in topics that match as a whole', async () => {
  const name = 'io.confluent.connect.cloud.transforms.TopicRegexRouter'
  expect(await topic(name, { regex: 'soe-(.*)', replacement: '$1' }, 'soe-Order')).toBe('Order')
  expect(await topic(name, { regex: 'soe-(.*)', replacement: '$1' }, 'a-soe-Order')).toBe('a-soe-Order')
  expect(await topic(name, { regex: '.*', replacement: 'acme_$0' }, 'Order')).toBe('acme_Order')
  expect(await topic(name, { regex: '(?P<a>.*)', replacement: '${a}2' }, 'Order')).toBe('Order2')
})

test.each([
  ['UPPER_UNDERSCORE', 'LOWER_CAMEL', 'TOPIC_NAME', 'topicName'],
  ['UPPER_UNDERSCORE', 'LOWER_UNDERSCORE', 'TOPIC_NAME', 'topic_name'],
  ['UPPER_UNDERSCORE', 'LOWER_HYPHEN', 'TOPIC_NAME', 'topic-name'],
  ['LOWER_HYPHEN', 'UPPER_CAMEL', 'topic-name', 'TopicName'],
  ['LOWER_HYPHEN', 'LOWER_UNDERSCORE', 'topic-Name', 'topic_Name'],
  ['LOWER_CAMEL', 'UPPER_UNDERSCORE', 'topicNameX', 'TOPIC_NAME_X'],
  ['UPPER_CAMEL', 'LOWER_HYPHEN', 'TopicName', 'topic-name'],
  ['UPPER_CAMEL', 'LOWER_CAMEL', 'TopicName', 'topicName'],
  ['LOWER_CAMEL', 'UPPER_CAMEL', 'topic', 'Topic'],
  ['LOWER_CAMEL', 'LOWER_CAMEL', 'AsItIs', 'AsItIs'],
])('ChangeTopicCase from %s to %s: %s becomes %s', async (from, to, before, after) => {
  const name = 'com.github.jcustenborder.kafka.connect.transform.common.ChangeTopicCase'
  expect(await topic(name, { from, to }, before)).toBe(after)
})

test('MessageTimestampRouter takes the first timestamp that is there', async () => {
  const name = 'io.confluent.connect.transforms.MessageTimestampRouter'
  const raw = {
    'topic.format': 'foo-${topic}-${timestamp}',
    'message.timestamp.format': 'yyyy-MM-dd',
    'topic.timestamp.format': 'yyyy.MM.dd',
    'message.timestamp.keys': 'timestamp,time,ts',
  }
  expect(await topic(name, raw, 'bar', { time: '2019-08-06', ts: '2000-01-01' })).toBe('foo-bar-2019.08.06')
  await expect(topic(name, raw, 'bar', { time: 'never' })).rejects.toThrow(DataError)
  await expect(topic(name, raw, 'bar', {})).rejects.toThrow(/timestamp, time, ts/)
  expect(await topic(name, { 'message.timestamp.keys': 'ts' }, 'bar', { ts: 1_565_049_600_000 })).toBe('bar-20190806')
})
