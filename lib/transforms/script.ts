/** Applies a function of the user's own: the default export of a TypeScript or JavaScript module. */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { ConfigError, ConnectError, DataError } from '../connect/errors.ts'
import { type OneToMany, plugin } from '../connect/plugin.ts'
import { ConnectRecord } from '../connect/record.ts'
import { aFile, string } from '../connect/settings.ts'
import { nonEmptyString } from '../connect/validators.ts'

const SETTINGS = {
  'script.file': string({
    doc: 'The module: an ESM file whose default export is `(record) => record | record[] | null`. Null drops the record; those of an array take its place. Types are stripped. It runs in the process of the task, with all its rights.',
    importance: 'high',
    validator: nonEmptyString,
    files: aFile,
  }),
} as const

export default plugin<OneToMany, typeof SETTINGS>({
  class: 'penstock.transforms.Script',
  version: '1.0.0',
  doc: 'Apply a function written in TypeScript or JavaScript to each record.',
  settings: SETTINGS,
  create(config) {
    const file = config['script.file']
    const script = load(file)
    return {
      oneToMany: true,
      apply(record) {
        const out = run(script, file, record)
        if (out === null || out instanceof ConnectRecord || isRecords(out)) return out
        const what = 'the record, one made of it by its methods, several of them in an array, or null to drop it'
        throw new DataError(`${file} must return ${what}`)
      },
    }
  },
})

function isRecords(out: unknown): out is readonly ConnectRecord[] {
  return Array.isArray(out) && out.every((one) => one instanceof ConnectRecord)
}

type Script = (record: ConnectRecord) => unknown

/** Synchronously, so that a module that can't be used is an error of the config: one that awaits at its top is none. */
function load(file: string): Script {
  let module: { readonly default?: unknown }
  try {
    module = createRequire(import.meta.url)(resolve(file))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`Invalid value ${file} for configuration script.file: It can't be loaded: ${why}`, error)
  }
  if (typeof module.default !== 'function')
    throw ConfigError.invalid('script.file', file, 'Its default export must be a function')
  return module.default as Script
}

/** What a script throws is about its record, unless it says otherwise by an error of this runtime. */
function run(script: Script, file: string, record: ConnectRecord): unknown {
  try {
    return script(record)
  } catch (error) {
    if (error instanceof ConnectError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new DataError(`${file} failed on a record of topic ${record.topic}: ${why}`, error)
  }
}
