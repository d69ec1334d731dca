import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** Who may import what: folder → the folders of ours that it may reach besides itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'lib/connect': [],
  'lib/java': ['lib/connect'],
  'lib/kafka': ['lib/connect'],
  'lib/observe': ['lib/connect'],
  'lib/converters': ['lib/connect', 'lib/java'],
  'lib/transforms': ['lib/connect', 'lib/java'],
  'lib/predicates': ['lib/connect', 'lib/java'],
  'lib/connectors': ['lib/connect', 'lib/java'],
  // The system that MirrorMaker's connectors read, as others read theirs with a driver.
  'lib/connectors/mirror': ['lib/connect', 'lib/java', 'lib/kafka'],
}
const PLUGINS = ['lib/converters', 'lib/transforms', 'lib/predicates', 'lib/connectors']

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string)
}

function folderOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'lib' ? `lib/${second}` : top
}

const FILES = ['lib', 'functions', 'cdk', 'bin'].flatMap(sources)

test('lib imports neither functions nor cdk', () => {
  const wrong = FILES.filter((file) => file.startsWith('lib/')).flatMap((file) =>
    imports(file)
      .filter((path) => path.startsWith('.'))
      .map((path) => folderOf(normalize(join(dirname(file), path))))
      .filter((folder) => folder === 'functions' || folder === 'cdk')
      .map((folder) => `${file} → ${folder}`),
  )
  expect(wrong).toEqual([])
})

test('the lower folders import only what they may', () => {
  const wrong = FILES.flatMap((file) => {
    const allowed = ARROWS[file.split('/').slice(0, 3).join('/')] ?? ARROWS[folderOf(file)]
    if (allowed === undefined) return []
    return imports(file)
      .filter((path) => path.startsWith('.'))
      .map((path) => folderOf(normalize(join(dirname(file), path))))
      .filter((folder) => folder !== folderOf(file) && !allowed.includes(folder))
      .map((folder) => `${file} → ${folder}`)
  })
  expect(wrong).toEqual([])
})

test('one plugin never imports another', () => {
  const plugin = (path: string) => path.split('/').slice(0, 3).join('/')
  const connectors = FILES.filter((file) => file.startsWith('lib/connectors/'))
  const wrong = connectors.flatMap((file) =>
    imports(file)
      .filter((path) => path.startsWith('.'))
      .map((path) => normalize(join(dirname(file), path)))
      .filter((path) => path.startsWith('lib/connectors/') && plugin(path) !== plugin(file))
      .map((path) => `${file} → ${path}`),
  )
  expect(wrong).toEqual([])
  expect(PLUGINS.every((folder) => FILES.some((file) => file.startsWith(`${folder}/`)))).toBe(true)
})

test('kafkajs is imported by lib/kafka alone', () => {
  const wrong = FILES.filter(
    (file) => !file.startsWith('lib/kafka/') && imports(file).some((path) => path.startsWith('kafkajs')),
  )
  expect(wrong).toEqual([])
})

test('no file is longer than 450 lines', () => {
  const long = FILES.filter((file) => file !== 'lib/plugins.ts')
    .map((file) => [file, readFileSync(file, 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 450)
  expect(long).toEqual([])
})
