/** What is deployed, from the context keys of `cdk deploy -c KEY=VALUE` (docs/deploy.md). */
import { readFileSync } from 'node:fs'
import { propertiesOf } from '../lib/java/properties-file.ts'
import { type Worker, worker } from '../lib/worker/settings.ts'

export interface Deployment {
  /** Of the stack; begins the names that must be unique. */
  readonly name: string
  readonly worker: Worker
  /** Null: outside of any VPC, for a Kafka that the internet reaches. */
  readonly network: Network | null
  /** Of an MSK cluster that is used with IAM authentication. */
  readonly mskClusterArn: string | null
  /** Secrets and parameters that config providers may read. */
  readonly secretArns: readonly string[]
  readonly memory: { readonly rest: number; readonly coordinator: number; readonly task: number }
  readonly logRetentionDays: number
}

export interface Network {
  readonly vpcId: string
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
}

const KEYS = [
  'name',
  'worker',
  'bootstrap',
  'group',
  'vpcId',
  'subnetIds',
  'securityGroupIds',
  'mskClusterArn',
  'secretArns',
  'restMemory',
  'coordinatorMemory',
  'taskMemory',
  'logRetentionDays',
] as const
type Key = (typeof KEYS)[number]

/** Throws an `Error` that names the key where one is missing or wrong. */
export function deployment(context: (key: Key) => unknown): Deployment {
  const text = (key: Key): string | null => {
    const value = context(key)
    return value === undefined || value === null || value === '' ? null : String(value)
  }
  const number = (key: Key, fallback: number): number => {
    const value = Number(text(key) ?? fallback)
    if (!Number.isInteger(value) || value <= 0) throw new Error(`-c ${key}=${text(key)}: a positive whole number`)
    return value
  }
  return {
    name: text('name') ?? 'Penstock',
    worker: workerSettings(text('worker'), text('bootstrap'), text('group')),
    network: network(text('vpcId'), list(text('subnetIds')), list(text('securityGroupIds'))),
    mskClusterArn: text('mskClusterArn'),
    secretArns: secretArns(list(text('secretArns'))),
    memory: {
      rest: number('restMemory', 512),
      coordinator: number('coordinatorMemory', 512),
      task: number('taskMemory', 1024),
    },
    logRetentionDays: number('logRetentionDays', 14),
  }
}

function workerSettings(file: string | null, bootstrap: string | null, group: string | null): Worker {
  const properties: Record<string, string> = file === null ? {} : { ...propertiesOf(readFileSync(file, 'utf8')) }
  if (bootstrap !== null) properties['bootstrap.servers'] = bootstrap
  if (group !== null) properties['group.id'] = group
  if (properties['bootstrap.servers'] === undefined)
    throw new Error('Kafka is missing: -c bootstrap=HOST:PORT,... or -c worker=FILE with bootstrap.servers')
  if (properties['penstock.rest.auth.basic'] !== undefined)
    throw new Error('penstock.rest.auth.basic is a file, and the functions have none: use penstock.rest.auth.token')
  return worker(properties)
}

function secretArns(arns: readonly string[]): readonly string[] {
  const wrong = arns.find(
    (arn) => !/^arn:[^:]+:(secretsmanager:[^:]*:[^:]*:secret:|ssm:[^:]*:[^:]*:parameter\/)/.test(arn),
  )
  if (wrong !== undefined) throw new Error(`-c secretArns: ${wrong} is the ARN of no secret and of no parameter`)
  return arns
}

function network(vpcId: string | null, subnets: readonly string[], groups: readonly string[]): Network | null {
  if (vpcId === null) return null
  if (subnets.length === 0 || groups.length === 0)
    throw new Error('-c vpcId needs -c subnetIds=subnet-1,... and -c securityGroupIds=sg-1,... beside it')
  return { vpcId, subnetIds: subnets, securityGroupIds: groups }
}

function list(text: string | null): string[] {
  return text === null ? [] : text.split(/\s*,\s*/).filter((item) => item !== '')
}
