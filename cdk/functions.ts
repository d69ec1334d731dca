/** The three functions. Each has a role and a log group of its own. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import { type ISecurityGroup, type ISubnet, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import type { EventBus, IEventBus } from 'aws-cdk-lib/aws-events'
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { EventBridgeDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { FunctionName } from '../lib/local/bundle.ts'
import type { Bundles } from './bundles.ts'
import type { Deployment, Network } from './deployment.ts'

export type Functions = Readonly<Record<FunctionName, LambdaFunction>>

export interface FunctionParts extends Deployment {
  readonly table: Table
  readonly bus: EventBus
  readonly queue: Queue
  readonly bundles: Bundles
}

/** API Gateway answers for a function after 30 s. */
const REST_TIMEOUT_S = 29
/** A pass over all connectors is done in seconds; the next one begins a minute later. */
const COORDINATOR_TIMEOUT_S = 120
/** Beyond the slice: cold start, waiting as an heir, drain and seal. */
const TASK_MARGIN_S = 60
/** Lambda's own limit. */
const LONGEST_S = 900
/** An invocation that waits for longer has been issued again: it would only lose the claim. */
const STALEST_S = 60

/** The task function's hard timeout for slices of this length. */
export function taskTimeout(sliceMs: number): number {
  return Math.min(Math.ceil(sliceMs / 1000) + TASK_MARGIN_S, LONGEST_S)
}

export function functions(scope: Construct, parts: FunctionParts): Functions {
  const { bus, memory, worker } = parts
  const task = make(scope, parts, 'task', {
    description: 'One slice of one task',
    memorySize: memory.task,
    timeout: Duration.seconds(taskTimeout(worker.settings['penstock.slice.ms'])),
    // A slice is never tried again by the platform: the coordinator starts the next epoch.
    retryAttempts: 0,
    maxEventAge: Duration.seconds(STALEST_S),
    onFailure: new EventBridgeDestination(bus as IEventBus),
    environment: environment(parts),
  })
  const coordinator = make(scope, parts, 'coordinator', {
    description: 'One pass: observe, plan, act',
    memorySize: memory.coordinator,
    timeout: Duration.seconds(COORDINATOR_TIMEOUT_S),
    environment: {
      ...environment(parts),
      PENSTOCK_QUEUE_URL: parts.queue.queueUrl,
      PENSTOCK_TASK_FUNCTION: task.functionName,
    },
  })
  const rest = make(scope, parts, 'rest', {
    description: "Kafka Connect's REST API",
    memorySize: memory.rest,
    timeout: Duration.seconds(REST_TIMEOUT_S),
    environment: { ...environment(parts), PENSTOCK_LOGS: logsOf(task, coordinator) },
  })
  return { rest, coordinator, task }
}

function environment({ worker, table, bus, name }: FunctionParts): Record<string, string> {
  return {
    PENSTOCK_WORKER: JSON.stringify(worker.raw),
    PENSTOCK_TABLE: table.tableName,
    PENSTOCK_BUS: bus.eventBusName,
    PENSTOCK_WORKER_ID: `${name.toLowerCase()}:443`,
  }
}

/** Names of log groups, as the REST function reads them. */
function logsOf(...made: readonly LambdaFunction[]): string {
  return made.map((one) => one.logGroup.logGroupName).join(',')
}

function make(
  scope: Construct,
  parts: FunctionParts,
  name: FunctionName,
  props: Partial<FunctionProps> & Pick<FunctionProps, 'timeout'>,
): LambdaFunction {
  const id = `${name[0]?.toUpperCase()}${name.slice(1)}`
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: parts.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  logGroup.grantWrite(role)
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code: Code.fromAsset(parts.bundles[name]),
    handler: 'index.handler',
    role,
    logGroup,
    // Wakes go round from the coordinator through the delay queue to the coordinator, which invokes tasks. That is the
    // way it works, and no runaway: each wake is for a time, and each invocation for an epoch.
    recursiveLoop: name === 'rest' ? RecursiveLoop.TERMINATE : RecursiveLoop.ALLOW,
    ...placed(scope, id, role, parts.network),
    ...props,
  })
}

function placed(scope: Construct, id: string, role: Role, network: Network | null): Partial<FunctionProps> {
  if (network === null) return {}
  role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole'))
  const vpc = Vpc.fromVpcAttributes(scope, `${id}Vpc`, {
    vpcId: network.vpcId,
    availabilityZones: Stack.of(scope).availabilityZones.slice(0, 1),
  })
  const subnets: ISubnet[] = network.subnetIds.map((subnet) => Subnet.fromSubnetId(scope, `${id}-${subnet}`, subnet))
  const securityGroups: ISecurityGroup[] = network.securityGroupIds.map((group) =>
    SecurityGroup.fromSecurityGroupId(scope, `${id}-${group}`, group, { mutable: false }),
  )
  return { vpc, vpcSubnets: { subnets }, securityGroups }
}
