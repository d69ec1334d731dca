/** What the body of a redrive asks for. */
import { type Edit, readEdit } from '../dead-letters/edit.ts'
import { parsePlace, type RedriveOrder } from '../dead-letters/redrive.ts'
import { badRequest } from './answer.ts'
import { array, bool, described, named, nullable, object, oneOf, optional, text } from './schema.ts'

export const redriveOrder = named(
  'Redrive',
  object({
    all: optional(bool),
    error: optional(nullable(text)),
    stage: optional(nullable(text)),
    letters: optional(array(text)),
    edits: optional(described('Lines as `penstock dlq show --lines` prints them', array(text))),
    from: optional(oneOf('start', 'failed-stage')),
    again: optional(bool),
    dryRun: optional(bool),
  }),
)
type Asked = Pick<RedriveOrder, 'selection' | 'from' | 'edits' | 'again' | 'dryRun'>

export function asOrder(body: unknown): Asked {
  if (typeof body !== 'object' || body === null) throw badRequest('Expected an object, as {"all": true}')
  const { all, error, stage, letters, edits, from, again, dryRun } = body as Readonly<Record<string, unknown>>
  const isTexts = (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((one) => typeof one === 'string')
  const isText = (value: unknown) => value === undefined || value === null || typeof value === 'string'
  if (!isText(error) || !isText(stage)) throw badRequest('error and stage must be texts')
  if (letters !== undefined && !isTexts(letters)) throw badRequest('letters must be texts, as ["0:12"]')
  if (edits !== undefined && !isTexts(edits)) throw badRequest('edits must be lines of JSON, as texts')
  if (from !== undefined && from !== 'start' && from !== 'failed-stage')
    throw badRequest("from must be 'start' or 'failed-stage'")
  const choices = [
    all === true,
    typeof error === 'string' || typeof stage === 'string',
    isTexts(letters),
    isTexts(edits),
  ]
  if (choices.filter(Boolean).length !== 1)
    throw badRequest('Choose the letters: all, error and/or stage, letters, or edits')
  for (const letter of letters ?? []) parsePlace(letter)
  return {
    selection: {
      error: (error as string | undefined) ?? null,
      stage: (stage as string | undefined) ?? null,
      letters: letters === undefined ? null : new Set(letters),
    },
    edits: new Map((edits ?? []).map((line): [string, Edit] => asEdit(line))),
    from: from ?? 'start',
    again: again === true,
    dryRun: dryRun === true,
  }
}

function asEdit(line: string): [string, Edit] {
  const edit = readEdit(line)
  parsePlace(edit.letter)
  return [edit.letter, edit]
}
