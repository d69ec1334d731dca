/** /penstock/preview: what a config makes of sample records; nothing is written. */
import type { JsonNode } from '../java/json-text.ts'
import { badRequest, type Route } from './answer.ts'
import { properties } from './config-body.ts'
import type { Deps } from './deps.ts'

export function preview({ worker }: Pick<Deps, 'worker'>): Route[] {
  return [
    {
      method: 'POST',
      path: '/penstock/preview',
      async handle(call) {
        const body = await call.json()
        if (typeof body !== 'object' || body === null) throw badRequest('Expected {"config": {...}, "records": [...]}')
        const { config, stages } = body as { readonly config?: unknown; readonly stages?: unknown }
        const parts = await Promise.all([
          import('../preview/preview.ts'),
          import('../preview/sample.ts'),
          import('../converters/record-text.ts'),
        ])
        const [{ preview: run }, { sampleOf }, { jsonText }] = parts
        const samples = (await recordsOf(await call.text())).map(sampleOf)
        const answers = await run(properties(config, 'config'), samples, { worker, stages: stages === true })
        return { status: 200, text: jsonText(answers) }
      },
    },
  ]
}

/** Read with all their digits, and integers apart from numbers with a point. */
async function recordsOf(body: string): Promise<readonly JsonNode[]> {
  const { JsonError, readWholeJson } = await import('../java/json-text.ts')
  try {
    const records = (readWholeJson(body) as { readonly records?: JsonNode }).records
    if (!Array.isArray(records)) throw badRequest('records must be an array: of records, or of values as texts')
    return records
  } catch (cause) {
    if (cause instanceof JsonError) throw badRequest(`The request body is not JSON: ${cause.message}`)
    throw cause
  }
}
