/** The functions' code, the very bundles that run locally, for Lambda's platform. */
import { join } from 'node:path'
import { bundleFunction, FUNCTIONS, type FunctionName } from '../lib/local/bundle.ts'

/** Function to the folder of its bundle. */
export type Bundles = Readonly<Record<FunctionName, string>>

const FOLDER = join(import.meta.dirname, '..', '.penstock', 'cdk')

export function bundles(folder = FOLDER): Bundles {
  const made = FUNCTIONS.map((name) => {
    const directory = join(folder, name)
    bundleFunction(name, directory, { target: 'linux-arm64' })
    return [name, directory] as const
  })
  return Object.fromEntries(made) as Record<FunctionName, string>
}
