/**
 * The jars of Kafka and DynamoDB Local, fetched once by Maven into the user's cache folder. A set appears there
 * whole or not at all, so several set-ups at once don't disturb each other.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { findJava, maven, type Progress } from './java.ts'

/** `connect`: Kafka Connect's own worker, for comparisons. */
export type JarSet = 'kafka' | 'dynamodb' | 'connect'

const SETS: Readonly<Record<JarSet, { readonly folder: string; readonly title: string; readonly source?: string }>> = {
  kafka: { folder: 'kafka-4.3.1', title: 'Kafka 4.3.1' },
  dynamodb: { folder: 'dynamodb-local-2.6.1', title: 'DynamoDB Local 2.6.1', source: 'LoopbackServer.java' },
  connect: { folder: 'connect-4.3.1', title: 'Kafka Connect 4.3.1' },
}
const STAMP = 'complete'

/** `PENSTOCK_CACHE`, or `penstock` in the user's cache folder. */
function cacheFolder(): string {
  const own = process.env['PENSTOCK_CACHE']
  if (own !== undefined && own !== '') return own
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'penstock')
}

/** The folder with the set's jars, natives and classes; fetched where it isn't there yet. */
export async function jars(set: JarSet, progress: Progress = () => {}): Promise<string> {
  const { folder, title, source } = SETS[set]
  const home = join(cacheFolder(), folder)
  const inputs = [join(import.meta.dirname, set, 'pom.xml')]
  if (source !== undefined) inputs.push(join(import.meta.dirname, set, source))
  const stamp = await hashOf(inputs)
  const libs = join(home, 'libs')
  if ((await textOf(join(home, STAMP))) === stamp) return libs

  progress(`fetching ${title} (once)`)
  await mkdir(cacheFolder(), { recursive: true })
  const work = await mkdtemp(join(cacheFolder(), `${folder}-`))
  try {
    const fetched = join(work, 'libs')
    const where = ['-f', join(import.meta.dirname, set, 'pom.xml'), `-DoutputDirectory=${fetched}`]
    await maven([...where, 'dependency:copy-dependencies', '-DincludeScope=runtime'], `the jars of ${title}`)
    if (source !== undefined) await compile(join(import.meta.dirname, set, source), fetched)
    await writeFile(join(work, STAMP), stamp)
    await install(work, home, stamp)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return libs
}

/** By Eclipse's compiler, which is among the jars: a Java runtime without a compiler is enough. */
async function compile(source: string, libs: string): Promise<void> {
  const names = (await readdir(libs)).filter((name) => name.endsWith('.jar'))
  const path = names.map((name) => join(libs, name)).join(delimiter)
  const flags = ['-17', '-nowarn', '-proc:none', '-cp', path, '-d', libs, source]
  await promisify(execFile)(await findJava(), ['-cp', path, 'org.eclipse.jdt.internal.compiler.batch.Main', ...flags])
}

async function install(work: string, home: string, stamp: string): Promise<void> {
  for (;;) {
    try {
      return await rename(work, home)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
      if ((await textOf(join(home, STAMP))) === stamp) return
      const old = `${work}.old`
      await rename(home, old).catch(() => undefined)
      await rm(old, { recursive: true, force: true })
    }
  }
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  return hash.digest('hex')
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null)
}
