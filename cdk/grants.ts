/** What each function may do: no more than it does. */
import { Arn, ArnFormat } from 'aws-cdk-lib'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { EventBus } from 'aws-cdk-lib/aws-events'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Functions } from './functions.ts'

export interface Granted {
  readonly table: Table
  readonly bus: EventBus
  readonly queue: Queue
  readonly made: Functions
  readonly mskClusterArn: string | null
  readonly secretArns: readonly string[]
}

const ITEMS = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DescribeTable',
]
/** A table that was lost is made anew by whoever may. */
const MAKE = ['dynamodb:CreateTable']

export function grants({ table, bus, queue, made, mskClusterArn, secretArns }: Granted): void {
  const { rest, coordinator, task } = made
  table.grant(rest, ...ITEMS, ...MAKE)
  table.grant(coordinator, ...ITEMS, ...MAKE)
  table.grant(task, ...ITEMS)
  for (const each of Object.values(made)) bus.grantPutEventsTo(each)
  allow(coordinator, ['lambda:InvokeFunction'], [task.functionArn])
  for (const each of [task, coordinator]) allow(rest, ['logs:FilterLogEvents'], [each.logGroup.logGroupArn])
  allow(coordinator, ['sqs:SendMessage'], [queue.queueArn])
  if (mskClusterArn !== null) for (const each of Object.values(made)) grantKafka(each, mskClusterArn)
  for (const each of Object.values(made)) grantSecrets(each, secretArns)
}

/** What config providers look up, in a slice, for task configs and at validation. */
function grantSecrets(grantee: LambdaFunction, arns: readonly string[]): void {
  const parameters = arns.filter((arn) => arn.split(':')[2] === 'ssm')
  const secrets = arns.filter((arn) => !parameters.includes(arn))
  if (secrets.length > 0) allow(grantee, ['secretsmanager:GetSecretValue'], secrets)
  if (parameters.length > 0) allow(grantee, ['ssm:GetParameter'], parameters)
}

function allow(grantee: IGrantable, actions: string[], resources: string[]): void {
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources }))
}

/** MSK with IAM: the cluster's own topics, groups and transactional ids; which of them is the connectors' business. */
function grantKafka(grantee: LambdaFunction, clusterArn: string): void {
  const { resourceName = '' } = Arn.split(clusterArn, ArnFormat.SLASH_RESOURCE_NAME)
  const of = (resource: string) =>
    `${clusterArn.slice(0, clusterArn.indexOf(':cluster/'))}:${resource}/${resourceName}/*`
  allow(
    grantee,
    ['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster', 'kafka-cluster:WriteDataIdempotently'],
    [clusterArn],
  )
  allow(
    grantee,
    [
      'kafka-cluster:CreateTopic',
      'kafka-cluster:DescribeTopic',
      'kafka-cluster:DescribeTopicDynamicConfiguration',
      'kafka-cluster:ReadData',
      'kafka-cluster:WriteData',
    ],
    [of('topic')],
  )
  allow(
    grantee,
    ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup', 'kafka-cluster:DeleteGroup'],
    [of('group')],
  )
  allow(
    grantee,
    ['kafka-cluster:AlterTransactionalId', 'kafka-cluster:DescribeTransactionalId'],
    [of('transactional-id')],
  )
}
