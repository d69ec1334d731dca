/** /penstock/preview: what a config makes of sample records; nothing is written. */
import type { JsonNode } from '../java/json-text.ts'
import { badRequest, type Route } from './answer.ts'
import { properties } from './config-body.ts'
import { config } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { anything, array, bool, named, object, optional } from './schema.ts'

/** Records, or values as texts; answers as described in docs/preview.md. */
const request = named('PreviewRequest', object({ config, records: array(anything), stages: optional(bool) }))

export function preview({ worker }: Pick<Deps, 'worker'>): Route[] {
  return [
    {
      method: 'POST',
      path: '/penstock/preview',
      summary: 'What a config makes of sample records; nothing is written',
      body: request,
      answers: { 200: array(anything) },
      async handle(call) {
        const body = await call.json()
        if (typeof body !== 'object' || body === null) throw badRequest('Expected {"config": {...}, "records": [...]}')
        const { config: asked, stages } = body as { readonly config?: unknown; readonly stages?: unknown }
        const parts = await Promise.all([
          import('../preview/preview.ts'),
          import('../preview/sample.ts'),
          import('../converters/record-text.ts'),
        ])
        const [{ openPreview }, { sampleOf }, { jsonText }] = parts
        const samples = (await recordsOf(await call.text())).map(sampleOf)
        const opened = await openPreview(properties(asked, 'config'), { worker, stages: stages === true })
        return { status: 200, text: opened.secrets.scrub(jsonText(await opened.run(samples))) }
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
