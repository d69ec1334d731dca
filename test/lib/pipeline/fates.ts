/** What is to become of the records 0, 1, ...: transforms, a put and a converter that do it, and what counts for it. */
import fc from 'fast-check'
import { DataError } from '../../../lib/connect/errors.ts'
import type { Failure } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import type { Transforms } from './kit.ts'

/** `several` become three records each, of which `thinned` lose one, and one of `tainted`, `spoilt`, `refused` fails. */
const FATES = {
  plain: 'written',
  several: 'written',
  thinned: 'written',
  filtered: 'filtered',
  none: 'filtered',
  lost: 'filtered',
  failed: 'skipped',
  tainted: 'skipped',
  poison: 'skipped',
  refused: 'skipped',
} as const
export type Fate = keyof typeof FATES

const SEVERAL: readonly Fate[] = ['several', 'thinned', 'lost', 'tainted', 'refused']

/** Of so many records, mostly in runs as transforms and batches make them. */
export const fatesOf = (count: number) =>
  fc
    .array(fc.tuple(fc.constantFrom(...(Object.keys(FATES) as Fate[])), fc.nat(9)), { minLength: 8, maxLength: 60 })
    .map((runs) => {
      const pattern = runs.flatMap(([fate, times]) => new Array<Fate>(times + 1).fill(fate))
      return Array.from({ length: count }, (_, n) => pattern[n % pattern.length] as Fate)
    })

/** How many of the fates count as what. */
export function counted(fates: readonly Fate[]) {
  const of = (outcome: string) => fates.filter((fate) => FATES[fate] === outcome).length
  return { written: of('written'), filtered: of('filtered'), skipped: of('skipped'), deadLettered: 0 }
}

/** The texts that come of the fates where what is refused is refused alone, in order. */
export function texts(fates: readonly Fate[], refuses: 'record' | 'all of it'): string[] {
  return fates.flatMap((fate, n) => {
    if (fate === 'several') return [`${n}/0`, `${n}/1`, `${n}/2`]
    if (fate === 'thinned') return [`${n}/0`, `${n}/2`]
    if (fate === 'refused') return refuses === 'record' ? [`${n}/0`] : []
    return fate === 'plain' ? [String(n)] : []
  })
}

export const CHAIN = { transforms: 'm,f', 'transforms.m.type': 'multiply', 'transforms.f.type': 'sift' }

export function transformsOf(fates: readonly Fate[]): Transforms {
  const fateOf = ({ value }: ConnectRecord) => fates[Number.parseInt(String(value), 10)] ?? 'plain'
  return {
    multiply: {
      oneToMany: true,
      apply(record) {
        const fate = fateOf(record)
        if (fate === 'none') return []
        if (!SEVERAL.includes(fate)) return record
        return [0, 1, 2].map((i) => record.withValue(record.valueSchema, `${record.value}/${i}`))
      },
    },
    sift(record) {
      const fate = fateOf(record)
      const isMiddle = String(record.value).endsWith('/1')
      if (fate === 'filtered' || fate === 'lost' || (fate === 'thinned' && isMiddle)) return null
      if (fate === 'failed' || (fate === 'tainted' && isMiddle)) throw new DataError('as it is fated')
      return record
    },
  }
}

/** The records that are refused at last: of several all but the first. */
export function refused(fates: readonly Fate[], records: readonly ConnectRecord[]): readonly Failure[] {
  return records
    .filter((record) => isRefused(fates, String(record.value)))
    .map((record) => ({ record, error: new DataError('as it is fated') }))
}

export function isRefused(fates: readonly Fate[], text: string): boolean {
  const fate = fates[Number.parseInt(text, 10)]
  return fate === 'poison' || (fate === 'refused' && !text.endsWith('/0'))
}
