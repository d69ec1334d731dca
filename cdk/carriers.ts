/** What carries events: the bus, the delay queue, the schedule. All of them bring a pass of the coordinator. */
import { Duration } from 'aws-cdk-lib'
import { EventBus, Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { Functions } from './functions.ts'

export interface Carriers {
  readonly bus: EventBus
  readonly queue: Queue
  /** Once the functions are there. */
  connect(functions: Functions): void
}

/** Six times the coordinator's timeout, as Lambda asks of a queue. */
const VISIBILITY_MIN = 12
/** A wake that failed so often is made again by the scheduled pass. */
const RECEIVES = 5
/** Wakes that come at about the same time are one pass: what idle tasks share is read once. */
const WAKES_AT_ONCE = { batchSize: 100, maxBatchingWindow: Duration.seconds(1), reportBatchItemFailures: true }
/** An event that is later than this says nothing that the scheduled pass hasn't seen. */
const STALEST_MIN = 5

export function carriers(scope: Construct): Carriers {
  const bus = new EventBus(scope, 'Bus')
  const dead = new Queue(scope, 'DeadWakes', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  })
  const queue = new Queue(scope, 'Wakes', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    visibilityTimeout: Duration.minutes(VISIBILITY_MIN),
    retentionPeriod: Duration.hours(1),
    deadLetterQueue: { queue: dead, maxReceiveCount: RECEIVES },
  })
  return { bus, queue, connect: (functions) => connect(scope, bus, queue, functions) }
}

function connect(scope: Construct, bus: EventBus, queue: Queue, { coordinator }: Functions): void {
  const target = () => new RuleTarget(coordinator, { maxEventAge: Duration.minutes(STALEST_MIN), retryAttempts: 10 })
  new Rule(scope, 'Events', {
    eventBus: bus,
    description: 'What REST and slices tell, and invocations that failed',
    eventPattern: { source: ['penstock', 'lambda'] },
    targets: [target()],
  })
  coordinator.addEventSource(new SqsEventSource(queue, WAKES_AT_ONCE))
  const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: {} }
  new Schedule(scope, 'EachMinute', {
    description: 'A pass over all connectors',
    schedule: ScheduleExpression.rate(Duration.minutes(1)),
    target: new LambdaInvoke(coordinator, {
      input: ScheduleTargetInput.fromObject(event),
      maxEventAge: Duration.minutes(1),
      retryAttempts: 0,
    }),
  })
}
