/** Test files: a connector's config, records, and what it is expected to make of them. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { JsonError, type JsonNode, readWholeJson } from '../java/json-text.ts'
import { objectOf } from './sample.ts'

export interface TestCase {
  readonly name: string
  readonly record: JsonNode
  /** `{record}` (null: filtered), `{records}` or `{error}`. */
  readonly expected: JsonNode
}

export interface TestFile {
  readonly name: string
  /** The path of a connector's config, from the test file's folder, or the config. */
  readonly config: string | RawConfig
  readonly cases: readonly TestCase[]
}

/** `{name, config, cases: [{name, record, expected}]}`. `ConfigError` that names what is wrong. */
export async function readTestFile(file: string): Promise<TestFile> {
  const fail = (why: string): never => {
    throw new ConfigError(`${file}: ${why}`)
  }
  const root = objectOf(await readNode(file)) ?? fail('expected a JSON object of name, config and cases')
  const { name = file, config, cases } = root
  if (!Array.isArray(cases) || cases.length === 0) return fail('it has no cases')
  const own =
    typeof config === 'string' ? config : configOf(objectOf(config) ?? fail('config must be a path or an object'))
  return {
    name: String(name),
    config: own,
    cases: cases.map((one: JsonNode, i): TestCase => {
      const { name = `case ${i + 1}`, record, expected } = objectOf(one) ?? {}
      const result = objectOf(expected) ?? {}
      if (record === undefined) fail(`${String(name)} has no record`)
      if (!('record' in result || Array.isArray(result['records']) || 'error' in result))
        fail(`${String(name)} expects neither {"record"} nor {"records": [...]} nor {"error"}`)
      return { name: String(name), record: record ?? null, expected: withDefaults(expected ?? null) }
    }),
  }
}

async function readNode(file: string): Promise<JsonNode> {
  try {
    return readWholeJson(await readFile(file, 'utf8'))
  } catch (cause) {
    const what = cause instanceof JsonError ? 'is not JSON' : "can't be read"
    throw new ConfigError(`${file} ${what}: ${(cause as Error).message}`, cause)
  }
}

/** `{name, config}` or the config alone. */
function configOf(node: { readonly [key: string]: JsonNode | undefined }): RawConfig {
  const inner = objectOf(node['config'])
  const { name } = node
  const own = inner === null ? node : { ...(name === undefined ? {} : { name }), ...inner }
  return Object.fromEntries(
    Object.entries(own).map(([key, value]) => [key, value === null || value === undefined ? null : settingText(value)]),
  )
}

function settingText(value: JsonNode): string {
  return value !== null && typeof value === 'object' && 'text' in value ? String(value.text) : String(value)
}

/** What an expected record leaves out is none: no key, no headers, no timestamp. */
function withDefaults(expected: JsonNode): JsonNode {
  const { record, records } = objectOf(expected) ?? {}
  if (Array.isArray(records)) return { records: records.map(recordWithDefaults) }
  return objectOf(record) === null ? expected : { record: recordWithDefaults(record ?? null) }
}

function recordWithDefaults(node: JsonNode): JsonNode {
  const record = objectOf(node)
  if (record === null) return node
  const sink = record['kind'] === 'sink' ? { partition: 0, offset: 0, timestampType: 'CreateTime' } : {}
  const none = { partition: null, key: null, value: null, headers: [], timestamp: null }
  return { ...none, ...sink, ...record } as JsonNode
}
