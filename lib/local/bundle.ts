/**
 * Bundles a function: one folder with `index.mjs`, its chunks and the native packages. The local cloud and the
 * deployed stack use this same function, so that the same bundle runs in both.
 */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type BuildOptions, build, buildSync, type Metafile, version } from 'esbuild'

export const FUNCTIONS = ['rest', 'coordinator', 'task'] as const
export type FunctionName = (typeof FUNCTIONS)[number]

/** Operating system and processor, as in `process.platform` and `process.arch`. */
type Target = `${string}-${string}`

const ROOT = resolve(import.meta.dirname, '..', '..')
/** They load a binary, one package a platform, and can't be bundled. */
const NATIVE: string[] = ['@node-rs/crc32', 'lz4-napi']
const STAMP = '.inputs.json'
/** The SDK and kafkajs are CommonJS and ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);"

export interface BundleOptions {
  /** Default: this machine's. */
  readonly target?: Target
}

/**
 * Writes the bundle of `functions/NAME/index.ts` into `outDir`, synchronously: CDK's constructs can't wait. Answers
 * false where `outDir` already holds it. About half a second a function.
 */
export function bundleFunction(name: FunctionName, outDir: string, options: BundleOptions = {}): boolean {
  const plan = planBundle(name, outDir, options)
  if (plan !== null) finish(plan, buildSync(plan.build))
  return plan !== null
}

/** The same for all functions at once, into a folder each, while this process goes on. Answers those that were built. */
export async function bundleFunctions(folder: string, options: BundleOptions = {}): Promise<FunctionName[]> {
  const built = FUNCTIONS.map(async (name) => {
    const plan = planBundle(name, join(folder, name), options)
    if (plan === null) return []
    finish(plan, await build(plan.build))
    return [name]
  })
  return (await Promise.all(built)).flat()
}

interface Plan {
  readonly outDir: string
  readonly target: Target
  /** What the bundle is made with; it is made again where this or an input has changed. */
  readonly made: string
  readonly build: BuildOptions & { readonly metafile: true }
}

/** Null: up to date. */
function planBundle(name: FunctionName, outDir: string, options: BundleOptions): Plan | null {
  const target = options.target ?? `${process.platform}-${process.arch}`
  const made = `${version} ${target} ${hash(join(ROOT, 'package-lock.json'))} ${hash(import.meta.filename)}`
  if (upToDate(outDir, made)) return null
  rmSync(outDir, { recursive: true, force: true })
  mkdirSync(outDir, { recursive: true })
  return {
    outDir,
    target,
    made,
    build: { ...BUILD, entryPoints: { index: join('functions', name, 'index.ts') }, outdir: outDir },
  }
}

const BUILD = {
  absWorkingDir: ROOT,
  bundle: true,
  // A plugin loads when a connector names it, and not before.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // The SDK's modules for bundlers: a fifth less to load than its CommonJS.
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  banner: { js: REQUIRE },
  external: NATIVE,
  // Identifiers stay: errors and traces show the names of classes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  logLevel: 'silent',
} as const satisfies BuildOptions

function finish({ outDir, target, made }: Plan, { metafile }: { readonly metafile: Metafile }): void {
  copyNatives(outDir, target, metafile)
  const own = Object.keys(metafile.inputs).filter((file) => !file.startsWith('node_modules/'))
  const inputs = Object.fromEntries(own.map((file) => [file, hash(join(ROOT, file))]))
  writeFileSync(join(outDir, STAMP), JSON.stringify({ made, inputs }))
}

function upToDate(outDir: string, made: string): boolean {
  const stamp = join(outDir, STAMP)
  if (!existsSync(stamp)) return false
  const before = JSON.parse(readFileSync(stamp, 'utf8')) as { made: string; inputs: Record<string, string> }
  return before.made === made && Object.entries(before.inputs).every(([file, was]) => hash(join(ROOT, file)) === was)
}

/** Next to the bundle, as an import looks for them. A platform without a binary here does without the package. */
function copyNatives(outDir: string, target: Target, metafile: Metafile): void {
  const used = new Set(Object.values(metafile.outputs).flatMap((output) => output.imports.map((one) => one.path)))
  for (const name of NATIVE) {
    const from = join(ROOT, 'node_modules', name)
    if (!used.has(name) || !existsSync(from)) continue
    const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as {
      optionalDependencies?: Record<string, string>
    }
    const binaries = Object.keys(manifest.optionalDependencies ?? {}).filter(
      (binary) => new RegExp(`-${target}(-|$)`).test(binary) && existsSync(join(ROOT, 'node_modules', binary)),
    )
    if (binaries.length === 0) continue
    for (const folder of [name, ...binaries]) {
      const source = join(ROOT, 'node_modules', folder)
      const isOwn = (file: string) => !relative(source, file).startsWith('node_modules')
      cpSync(source, join(outDir, 'node_modules', folder), { recursive: true, filter: isOwn })
    }
  }
}

function hash(file: string): string {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('base64url') : ''
}
