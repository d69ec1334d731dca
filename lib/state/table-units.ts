/** Request units that this process has used up, as DynamoDB itself counts them: what on-demand tables are paid by. */
import type { ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb'

export interface TableUnits {
  readonly reads: number
  readonly writes: number
}

let reads = 0
let writes = 0

export function tableUnits(): TableUnits {
  return { reads, writes }
}

const READS = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand'])
const WRITES = new Set(['PutItemCommand', 'UpdateItemCommand', 'DeleteItemCommand', 'TransactWriteItemsCommand'])

/** A write that its condition refuses is paid for too, and names no units: at least one. */
export function countUnits(client: DynamoDBClient): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const isRead = READS.has(commandName)
        if (!isRead && !WRITES.has(commandName)) return next(args)
        let units = 1
        try {
          const answer = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } })
          units = unitsOf(answer.output as { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] })
          return answer
        } finally {
          if (isRead) reads += units
          else writes += units
        }
      },
    { step: 'initialize', name: 'countUnits' },
  )
}

function unitsOf({ ConsumedCapacity = [] }: { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] }) {
  return [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
}
