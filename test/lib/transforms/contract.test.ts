import { expect, test } from 'vitest'
import { plugins } from '../../../lib/registry.ts'
import { testTransform } from '../../contract/transform.ts'
import { shortName, TRANSFORM_CONFIGS } from '../../contract/transform-configs.ts'

const transforms = plugins().filter((plugin) => plugin.kind === 'transformation')

test('every transform is here', () => {
  const names = transforms.map((plugin) => shortName(plugin.class))
  expect([...new Set(names)].sort()).toEqual(Object.keys(TRANSFORM_CONFIGS).sort())
})

for (const { class: name } of transforms)
  for (const raw of TRANSFORM_CONFIGS[shortName(name)] ?? []) testTransform(name, raw)
