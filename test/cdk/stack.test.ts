import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, deployment } from '../../cdk/deployment.ts'
import { taskTimeout } from '../../cdk/functions.ts'
import { PenstockStack } from '../../cdk/stack.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const context: Record<string, string> = { bootstrap: 'b-1.example:9098,b-2.example:9098', group: 'connect-prod' }

const { context: flags } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>
}

let folder: string
let template: Template

function synthesized(more: Record<string, string> = {}): Template {
  const all: Record<string, string> = { ...context, ...more }
  const settings: Deployment = deployment((key) => all[key])
  const bundles = { rest: join(folder, 'rest'), coordinator: join(folder, 'coordinator'), task: join(folder, 'task') }
  return Template.fromStack(new PenstockStack(new App({ context: flags }), settings.name, { ...settings, bundles }))
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-cdk-'))
  for (const name of ['rest', 'coordinator', 'task']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'index.mjs'), `export const handler = () => '${name}'`)
  }
  template = synthesized()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface FunctionResource {
  readonly Properties: {
    readonly Description: string
    readonly Timeout: number
    readonly Environment: { readonly Variables: Record<string, unknown> }
    readonly [key: string]: unknown
  }
}

function functionOf(description: string, of = template): FunctionResource {
  const all = Object.values(of.findResources('AWS::Lambda::Function')) as FunctionResource[]
  const found = all.find(({ Properties }) => Properties.Description === description)
  if (found === undefined) throw new Error(`No function with the description ${description}`)
  return found
}

const rest = () => functionOf("Kafka Connect's REST API")
const coordinator = () => functionOf('One pass: observe, plan, act')
const task = () => functionOf('One slice of one task')

describe('functions', () => {
  test('run on Node 24 on Arm', () => {
    for (const { Properties } of [rest(), coordinator(), task()])
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' })
  })

  test('get every variable that they read', () => {
    const source = readFileSync(join(ROOT, 'lib/worker/environment.ts'), 'utf8')
    const read = new Set([...source.matchAll(/PENSTOCK_[A-Z_]+/g)].map(([name]) => name))
    read.delete('PENSTOCK_LOCAL')
    const variables = (resource: FunctionResource) => new Set(Object.keys(resource.Properties.Environment.Variables))
    const without = (...names: readonly string[]) => new Set([...read].filter((name) => !names.includes(name)))
    const ofCoordinator = ['PENSTOCK_QUEUE_URL', 'PENSTOCK_TASK_FUNCTION']
    expect(variables(coordinator())).toEqual(without('PENSTOCK_LOGS'))
    expect(variables(rest())).toEqual(without(...ofCoordinator))
    expect(variables(task())).toEqual(without('PENSTOCK_LOGS', ...ofCoordinator))
  })

  test('know the worker settings that were given', () => {
    const { PENSTOCK_WORKER } = task().Properties.Environment.Variables
    expect(JSON.parse(String(PENSTOCK_WORKER))).toEqual({
      'bootstrap.servers': 'b-1.example:9098,b-2.example:9098',
      'group.id': 'connect-prod',
    })
  })

  test('a slice ends well before its invocation does, whatever its length', () => {
    expect(task().Properties.Timeout * 1000).toBeGreaterThanOrEqual(300_000 + 30_000)
    expect(taskTimeout(840_000)).toBe(900)
    expect(taskTimeout(1_000) * 1000).toBeGreaterThanOrEqual(1_000 + 30_000)
  })

  test('a slice is never tried again by the platform, and its failure is told to the bus', () => {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Bus'), 'Arn'] } } },
    })
  })

  test('may go round: recursion through the delay queue is not cut off', () => {
    expect(coordinator().Properties).toMatchObject({ RecursiveLoop: 'Allow' })
    expect(task().Properties).toMatchObject({ RecursiveLoop: 'Allow' })
  })

  test('keep their logs for a while only', () => {
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'))
    expect(groups.map((group) => group['Properties'].RetentionInDays)).toEqual([14, 14, 14])
  })
})

describe('events', () => {
  test('of Penstock and of failed invocations bring a pass', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: Match.anyValue(),
      EventPattern: { source: ['penstock', 'lambda'] },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Coordinator'), 'Arn'] } })],
    })
  })

  test('a pass over all comes each minute', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Target: Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Coordinator'), 'Arn'] } }),
    })
  })

  test('wakes that fail again and again are put aside; the queue waits longer than a pass may take', () => {
    const queues = Object.values(template.findResources('AWS::SQS::Queue')).map((queue) => queue['Properties'])
    const wakes = queues.find((queue) => queue.RedrivePolicy !== undefined)
    expect(wakes?.RedrivePolicy).toMatchObject({ maxReceiveCount: 5 })
    expect(wakes?.VisibilityTimeout).toBeGreaterThanOrEqual(6 * coordinator().Properties.Timeout)
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Wakes'), 'Arn'] },
      FunctionName: { Ref: Match.stringLikeRegexp('^Coordinator') },
    })
  })
})

test('every route needs a signed request', () => {
  const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'))
  expect(routes.map((route) => route['Properties'].RouteKey)).toEqual(['$default'])
  for (const route of routes) expect(route['Properties'].AuthorizationType).toBe('AWS_IAM')
  template.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' })
})

test('requests need the token instead, where the worker has one; browsers may ask whether they may', () => {
  const authorization = (settings: string) => {
    const file = join(folder, 'rest.properties')
    writeFileSync(file, settings)
    const routes = Object.values(synthesized({ worker: file }).findResources('AWS::ApiGatewayV2::Route'))
    return Object.fromEntries(
      routes.map(({ Properties }) => [Properties.RouteKey, Properties.AuthorizationType as string]),
    )
  }
  expect(authorization('penstock.rest.auth.token=${sm:rest:token}')).toEqual({ $default: 'NONE' })
  expect(authorization('access.control.allow.origin=https://console.example')).toEqual({
    $default: 'AWS_IAM',
    'OPTIONS /': 'NONE',
    'OPTIONS /{proxy+}': 'NONE',
  })
  expect(() => authorization('penstock.rest.auth.basic=htpasswd')).toThrow('use penstock.rest.auth.token')
})

test('the table has pk and sk, costs by request and can be restored', () => {
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  })
})

describe('permissions', () => {
  interface Statement {
    readonly Effect: string
    readonly Action: string | string[]
    readonly Resource: unknown
  }

  function statements(of: Template): Statement[] {
    return Object.values(of.findResources('AWS::IAM::Policy')).flatMap(
      (policy) => policy['Properties'].PolicyDocument.Statement as Statement[],
    )
  }

  const actionsOf = (statement: Statement) => [statement.Action].flat()

  test('name actions and resources', () => {
    const all = [
      synthesized(),
      synthesized({ mskClusterArn: 'arn:aws:kafka:eu-west-1:123456789012:cluster/main/0a-1' }),
    ].flatMap(statements)
    expect(all.length).toBeGreaterThan(5)
    for (const statement of all) {
      expect(actionsOf(statement).filter((action) => action.includes('*'))).toEqual([])
      expect([statement.Resource].flat()).not.toContain('*')
    }
    expect(Object.keys(template.findResources('AWS::IAM::ManagedPolicy'))).toEqual([])
    const managed = Object.values(template.findResources('AWS::IAM::Role')).map((role) => role['Properties'])
    expect(managed.filter((role) => role.ManagedPolicyArns !== undefined)).toEqual([])
  })

  test('only the coordinator invokes tasks and sends wakes', () => {
    const policies = Object.entries(template.findResources('AWS::IAM::Policy'))
    const owners = (action: string) =>
      policies
        .filter(([, policy]) =>
          (policy['Properties'].PolicyDocument.Statement as Statement[]).some((one) => actionsOf(one).includes(action)),
        )
        .map(([id]) => /^(Rest|Coordinator|Task)/.exec(id)?.[0] ?? id)
    expect(owners('sqs:SendMessage')).toEqual(['Coordinator'])
    expect(owners('lambda:InvokeFunction')).toEqual(expect.arrayContaining(['Coordinator']))
    expect(owners('lambda:InvokeFunction')).not.toContain('Rest')
    expect(owners('lambda:InvokeFunction')).not.toContain('Task')
    expect(owners('events:PutEvents').sort()).toEqual(['Coordinator', 'Rest', 'Task'])
  })

  test('read the secrets that were named, and no others', () => {
    const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:connect/*'
    const parameter = 'arn:aws:ssm:eu-west-1:123456789012:parameter/connect/*'
    const all = statements(synthesized({ secretArns: `${secret},${parameter}` }))
    const of = (action: string) => all.filter((one) => actionsOf(one).includes(action)).map((one) => one.Resource)
    expect(of('secretsmanager:GetSecretValue')).toEqual([secret, secret, secret])
    expect(of('ssm:GetParameter')).toEqual([parameter, parameter, parameter])
    expect(() => synthesized({ secretArns: '*' })).toThrow('-c secretArns: * is the ARN of no secret')
  })

  test('of MSK with IAM are those of one cluster', () => {
    const arn = 'arn:aws:kafka:eu-west-1:123456789012:cluster/main/0a1b-2'
    const all = statements(synthesized({ mskClusterArn: arn })).filter((one) =>
      actionsOf(one).some((action) => action.startsWith('kafka-cluster:')),
    )
    const resources = new Set(all.flatMap((one) => [one.Resource].flat()))
    expect(resources).toEqual(
      new Set([
        arn,
        'arn:aws:kafka:eu-west-1:123456789012:topic/main/0a1b-2/*',
        'arn:aws:kafka:eu-west-1:123456789012:group/main/0a1b-2/*',
        'arn:aws:kafka:eu-west-1:123456789012:transactional-id/main/0a1b-2/*',
      ]),
    )
  })
})

describe('context keys', () => {
  test('put the functions into a VPC', () => {
    const inside = synthesized({
      vpcId: 'vpc-0a1b2c3d',
      subnetIds: 'subnet-0a1b2c3d,subnet-1a1b2c3d',
      securityGroupIds: 'sg-0a1b2c3d',
    })
    inside.allResourcesProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'], SecurityGroupIds: ['sg-0a1b2c3d'] },
    })
  })

  test('give a worker properties file, over which single keys win', () => {
    const file = join(folder, 'worker.properties')
    writeFileSync(file, '# a worker\nbootstrap.servers=kafka:9092\ngroup.id = one\npenstock.slice.ms: 600000\n')
    const { worker } = deployment((key) => ({ worker: file, group: 'two' })[key as string])
    expect(worker.raw).toEqual({
      'bootstrap.servers': 'kafka:9092',
      'group.id': 'two',
      'penstock.slice.ms': '600000',
    })
  })

  test('that are missing or wrong are named', () => {
    expect(() => deployment(() => undefined)).toThrow(/-c bootstrap=/)
    expect(() => deployment((key) => ({ ...context, vpcId: 'vpc-1' })[key as string])).toThrow(/subnetIds/)
    expect(() => deployment((key) => ({ ...context, taskMemory: 'big' })[key as string])).toThrow(/taskMemory/)
  })
})

test('the app synthesizes without a network or an account', { timeout: 120_000 }, async () => {
  const out = join(folder, 'cdk.out')
  const cdk = join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk')
  const args = [cdk, 'synth', '--quiet', '--output', out, '-c', 'bootstrap=localhost:9092', '-c', 'name=Sample']
  const env = { ...process.env, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' }
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  const written = JSON.parse(readFileSync(join(out, 'Sample.template.json'), 'utf8')) as { Outputs: object }
  expect(Object.keys(written.Outputs)).toContain('ApiUrl')
})
