import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generate } from '../../bin/generate-plugins.ts'
import { find, lookUp, plugins } from '../../lib/registry.ts'

test('lib/plugins.ts is what bin/generate-plugins.ts writes', async () => {
  const text = await readFile(join(import.meta.dirname, '../../lib/plugins.ts'), 'utf8')
  expect(text).toBe(await generate())
})

test('every plugin can be loaded by its class', async () => {
  for (const { kind, class: name } of plugins()) expect((await find(kind, name)).class).toBe(name)
})

test.each([
  [
    'connector',
    'org.apache.kafka.connect.file.FileStreamSourceConnector',
    'org.apache.kafka.connect.file.FileStreamSourceConnector',
  ],
  ['connector', 'FileStreamSourceConnector', 'org.apache.kafka.connect.file.FileStreamSourceConnector'],
  ['connector', 'FileStreamSource', 'org.apache.kafka.connect.file.FileStreamSourceConnector'],
  ['connector', 'FileStreamSink', 'org.apache.kafka.connect.file.FileStreamSinkConnector'],
  ['converter', 'StringConverter', 'org.apache.kafka.connect.storage.StringConverter'],
  ['converter', 'Json', 'org.apache.kafka.connect.json.JsonConverter'],
  ['transformation', 'RegexRouter', 'org.apache.kafka.connect.transforms.RegexRouter'],
  ['predicate', 'RecordIsTombstone', 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone'],
] as const)('%s %s', (kind, name, expected) => {
  expect(lookUp(kind, name).class).toBe(expected)
})

test.each([
  ['transformation', 'HoistField$Value', 'Class HoistField$Value could not be found.'],
  [
    'transformation',
    'org.apache.kafka.connect.transforms.Cast',
    'This class is abstract and cannot be created. Did you mean org.apache.kafka.connect.transforms.Cast$Key, org.apache.kafka.connect.transforms.Cast$Value?',
  ],
] as const)('%s %s is none', async (kind, name, text) => {
  await expect(find(kind, name)).rejects.toThrow(text)
})

test('a connector that nobody has, in the words of Connect', async () => {
  await expect(find('connector', 'no.such.Connector')).rejects.toThrow(
    /^Failed to find any class that implements Connector and which name matches no\.such\.Connector, available connectors are: PluginDesc\{klass=class .*, name='org\.apache\.kafka\.connect\.file\.FileStreamSinkConnector', version='4\.3\.1', encodedVersion=4\.3\.1, type=sink, typeName='sink', location='classpath'\}/,
  )
})
