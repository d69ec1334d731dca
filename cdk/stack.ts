/** One Penstock: a table, three functions, and what carries events between them. */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { restApi } from './api.ts'
import type { Bundles } from './bundles.ts'
import { carriers } from './carriers.ts'
import type { Deployment } from './deployment.ts'
import { functions } from './functions.ts'
import { grants } from './grants.ts'
import { penstockTable } from './table.ts'

export interface PenstockProps extends Deployment {
  readonly bundles: Bundles
}

export class PenstockStack extends Stack {
  constructor(scope: Construct, id: string, props: PenstockProps) {
    super(scope, id, { description: 'Kafka Connect connectors as time-boxed function invocations' })
    const table = penstockTable(this)
    const { bus, queue, connect } = carriers(this)
    const made = functions(this, { table, bus, queue, ...props })
    grants({ table, bus, queue, made, mskClusterArn: props.mskClusterArn, secretArns: props.secretArns })
    connect(made)
    const api = restApi(this, made.rest, props.worker.settings)

    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint, description: "Connect's REST API" })
    new CfnOutput(this, 'TableName', { value: table.tableName })
    new CfnOutput(this, 'BusName', { value: bus.eventBusName })
    new CfnOutput(this, 'QueueUrl', { value: queue.queueUrl })
    new CfnOutput(this, 'TaskFunctionName', { value: made.task.functionName })
  }
}
