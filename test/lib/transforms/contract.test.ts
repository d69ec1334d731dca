import { expect, test } from 'vitest'
import { plugins } from '../../../lib/registry.ts'
import { testTransform } from '../../contract/transform.ts'

const CONFIGS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  Cast: [{ spec: 'string' }, { spec: 'id:string,small:int64,flag:int8' }, { spec: 'int16' }],
  ExtractField: [{ field: 'address.city', 'field.syntax.version': 'V2' }, { field: 'id' }],
  Flatten: [{}, { delimiter: '_' }],
  HeaderFrom: [
    { fields: 'id,name', headers: 'a,b', operation: 'move' },
    { fields: 'id,name', headers: 'a,b', operation: 'copy' },
  ],
  HoistField: [{ field: 'wrapped' }, { field: '1' }],
  InsertField: [
    {
      'topic.field': 'topic',
      'partition.field': 'part',
      'timestamp.field': 'ts',
      'static.field': 's',
      'static.value': 'v',
    },
  ],
  MaskField: [{ fields: 'id,name,tags' }, { fields: 'id,name', replacement: '7' }],
  ReplaceField: [{ exclude: 'name', renames: 'id:key' }, { include: 'id,address' }],
  SetSchemaMetadata: [{ 'schema.name': 'n', 'schema.version': '3' }],
  TimestampConverter: [
    { field: 'at', 'target.type': 'string', format: 'yyyy-MM-dd HH:mm' },
    { 'target.type': 'unix', 'unix.precision': 'microseconds' },
  ],
  DropHeaders: [{ headers: 'h' }],
  Filter: [{}],
  InsertHeader: [{ header: 'h2', 'value.literal': '[1, 2]' }],
  RegexRouter: [{ regex: '(.*)', replacement: 'x-$1' }],
  TimestampRouter: [{}],
  ValueToKey: [{ fields: 'id' }, { fields: 'id,name' }],
}

const transforms = plugins().filter((plugin) => plugin.kind === 'transformation')

test('every transform is here', () => {
  const names = transforms.map((plugin) => simpleName(plugin.class))
  expect([...new Set(names)].sort()).toEqual(Object.keys(CONFIGS).sort())
})

for (const { class: name } of transforms) for (const raw of CONFIGS[simpleName(name)] ?? []) testTransform(name, raw)

function simpleName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).replace(/\$.*/, '')
}
