/**
 * The one table: items by `pk` and `sk`, read consistently, written under conditions. Throttling and failures of the
 * service are tried again by the SDK; a call rejects after 3 s at the latest, with a `RetriableError`.
 */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ResourceInUseException,
  TransactionCanceledException,
  TransactionConflictException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { pause } from '../connect/budget.ts'
import { RetriableError } from '../connect/errors.ts'
import { type Item, marshalItem, unmarshalItem } from './attributes.ts'
import { type Condition, Expression, present, type Update } from './expression.ts'
import { explained, ItemTooLarge, TableGone } from './table-errors.ts'
import { countUnits } from './table-units.ts'

export { ItemTooLarge, TableGone } from './table-errors.ts'

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** Done with the item as it is now; or not, with the item that failed the condition (null: there is none). */
export type Outcome =
  | { readonly done: true; readonly item: Item }
  | { readonly done: false; readonly item: Item | null }

/** A change of an item, and what must be so for it. */
export interface ItemUpdate {
  readonly key: Key
  readonly update: Update
  readonly condition?: Condition
}

export interface Table {
  readonly name: string
  get(key: Key): Promise<Item | null>
  /** Those that exist, in no order. */
  batchGet(keys: readonly Key[]): Promise<Item[]>
  /** All items of a `pk`, by `sk`. */
  query(pk: string): Promise<Item[]>
  /** Replaces the whole item. False: the condition failed. */
  put(key: Key, item: Item, condition?: Condition): Promise<boolean>
  /** An update that holds only where the item `where` exists too; 'missing' if it doesn't. */
  updateWhere(where: Key, key: Key, update: Update, condition: Condition): Promise<boolean | 'missing'>
  /** All of them in one request, or none. False: a condition failed. */
  updateAll(updates: readonly ItemUpdate[]): Promise<boolean>
  update(key: Key, update: Update, condition?: Condition): Promise<Outcome>
  /** False: the condition failed. */
  delete(key: Key, condition?: Condition): Promise<boolean>
  /** Resolves when the table can be used; one that is there is fine. */
  create(): Promise<void>
  close(): void
}

/** In ms. */
export interface TableTimeouts {
  readonly call: number
  /** One attempt of a call: a warm one takes 5 ms, one with a new TLS connection 100. */
  readonly attempt: number
}

const TIMEOUTS: TableTimeouts = { call: 3_000, attempt: 1_400 }
const CREATE_MS = 60_000
/** What is about the table itself takes longer: a new DynamoDB Local some seconds. */
const TABLE_CALL_MS = 10_000
const BATCH = 100
const CONFLICTS = 10
const REFUSED = 'ConditionalCheckFailed'

/** Opens nothing: the first call does. Endpoint, region and credentials are the SDK's own unless given. */
export function openTable(name: string, config: DynamoDBClientConfig = {}, timeouts = TIMEOUTS): Table {
  return new DynamoTable(name, config, timeouts)
}

class DynamoTable implements Table {
  readonly name: string
  readonly #config: DynamoDBClientConfig
  readonly #timeouts: TableTimeouts
  #made: DynamoDBClient | null = null

  constructor(name: string, config: DynamoDBClientConfig, timeouts: TableTimeouts) {
    this.name = name
    this.#config = config
    this.#timeouts = timeouts
  }

  async get(key: Key): Promise<Item | null> {
    const command = new GetItemCommand({ TableName: this.name, Key: marshalItem({ ...key }), ConsistentRead: true })
    const { Item } = await this.#call((options) => this.#client.send(command, options))
    return Item === undefined ? null : unmarshalItem(Item)
  }

  async batchGet(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = []
    for (let i = 0; i < keys.length; i += BATCH) {
      let rest = keys.slice(i, i + BATCH).map((key) => marshalItem({ ...key }))
      for (let wait = 20; rest.length > 0; wait = Math.min(2 * wait, 500)) {
        const command = new BatchGetItemCommand({ RequestItems: { [this.name]: { Keys: rest, ConsistentRead: true } } })
        const answer = await this.#call((options) => this.#client.send(command, options))
        for (const item of answer.Responses?.[this.name] ?? []) items.push(unmarshalItem(item))
        rest = answer.UnprocessedKeys?.[this.name]?.Keys ?? []
        if (rest.length > 0) await pause(wait)
      }
    }
    return items
  }

  async query(pk: string): Promise<Item[]> {
    const items: Item[] = []
    let page: Pick<QueryCommandInput, 'ExclusiveStartKey'> = {}
    do {
      const command = new QueryCommand({
        TableName: this.name,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ConsistentRead: true,
        ...page,
      })
      const answer = await this.#call((options) => this.#client.send(command, options))
      for (const item of answer.Items ?? []) items.push(unmarshalItem(item))
      page = answer.LastEvaluatedKey === undefined ? {} : { ExclusiveStartKey: answer.LastEvaluatedKey }
    } while (page.ExclusiveStartKey !== undefined)
    return items
  }

  async put(key: Key, item: Item, condition?: Condition): Promise<boolean> {
    const command = new PutItemCommand({
      TableName: this.name,
      Item: marshalItem({ ...item, ...key }),
      ...conditional(condition),
    })
    return this.#unlessRefused(this.#call((options) => this.#client.send(command, options)))
  }

  async updateWhere(where: Key, key: Key, update: Update, condition: Condition): Promise<boolean | 'missing'> {
    const ConditionCheck = { TableName: this.name, Key: marshalItem({ ...where }), ...conditional(present('pk')) }
    const [check, updated] = await this.#transact([{ ConditionCheck }, this.#updating({ key, update, condition })])
    return check === REFUSED ? 'missing' : updated !== REFUSED
  }

  async updateAll(updates: readonly ItemUpdate[]): Promise<boolean> {
    const codes = await this.#transact(updates.map((update) => this.#updating(update)))
    return codes.length === 0
  }

  async update(key: Key, update: Update, condition?: Condition): Promise<Outcome> {
    const expression = new Expression()
    const command = new UpdateItemCommand({
      TableName: this.name,
      Key: marshalItem({ ...key }),
      UpdateExpression: expression.update(update),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...conditional(condition, expression),
    })
    try {
      const { Attributes = {} } = await this.#call((options) => this.#client.send(command, options))
      return { done: true, item: unmarshalItem(Attributes) }
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      return { done: false, item: error.Item === undefined ? null : unmarshalItem(error.Item) }
    }
  }

  async delete(key: Key, condition?: Condition): Promise<boolean> {
    const command = new DeleteItemCommand({
      TableName: this.name,
      Key: marshalItem({ ...key }),
      ...conditional(condition),
    })
    return this.#unlessRefused(this.#call((options) => this.#client.send(command, options)))
  }

  async create(): Promise<void> {
    const until = Date.now() + CREATE_MS
    const describe = new DescribeTableCommand({ TableName: this.name })
    for (let wait = 10; Date.now() < until; wait = Math.min(2 * wait, 1_000)) {
      const status = await this.#call((options) => this.#client.send(describe, options), TABLE_CALL_MS).then(
        (answer) => answer.Table?.TableStatus,
        (error: unknown) => ifGone(error),
      )
      if (status === 'ACTIVE' || status === 'UPDATING') return
      if (status === undefined) await this.#create()
      await pause(wait)
    }
    throw new RetriableError(`The table ${this.name} could not be used within ${CREATE_MS / 1_000} s of its creation`)
  }

  close(): void {
    this.#made?.destroy()
    this.#made = null
  }

  async #create(): Promise<void> {
    const command = new CreateTableCommand({
      TableName: this.name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    })
    try {
      await this.#call((options) => this.#client.send(command, options), TABLE_CALL_MS)
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error
    }
  }

  get #client(): DynamoDBClient {
    if (this.#made !== null) return this.#made
    this.#made = new DynamoDBClient({
      maxAttempts: 4,
      requestHandler: {
        connectionTimeout: this.#timeouts.attempt,
        requestTimeout: this.#timeouts.attempt,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: 50 },
        httpsAgent: { keepAlive: true, maxSockets: 50 },
      },
      ...this.#config,
    })
    // It goes through each answer for what it may log, though there is no log: a third of the time that a query takes.
    this.#made.middlewareStack.remove('loggerMiddleware')
    countUnits(this.#made)
    return this.#made
  }

  #updating({ key, update, condition }: ItemUpdate): TransactWriteItem {
    const expression = new Expression()
    const UpdateExpression = expression.update(update)
    return {
      Update: {
        TableName: this.name,
        Key: marshalItem({ ...key }),
        UpdateExpression,
        ...conditional(condition, expression),
      },
    }
  }

  /** Empty where it is done; else the code of each, one of them at least `REFUSED`. */
  async #transact(items: TransactWriteItem[]): Promise<readonly (string | undefined)[]> {
    const command = new TransactWriteItemsCommand({ TransactItems: items })
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call((options) => this.#client.send(command, options))
        return []
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error
        const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code)
        if (codes.includes(REFUSED)) return codes
        if (codes.includes('ValidationError')) throw new ItemTooLarge(this.name, error)
        await this.#yieldTo(error, attempt)
      }
    }
  }

  /** A transaction of another holds an item. */
  async #yieldTo(error: Error, attempt: number): Promise<void> {
    if (attempt === CONFLICTS) throw new RetriableError(`The table ${this.name} is too busy: ${error.message}`, error)
    await pause(attempt * 5 * (1 + Math.random()))
  }

  async #unlessRefused(call: Promise<unknown>): Promise<boolean> {
    try {
      await call
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }

  async #call<T>(
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    timeoutMs = this.#timeouts.call,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send({ abortSignal: AbortSignal.timeout(timeoutMs) })
      } catch (error) {
        if (!(error instanceof TransactionConflictException)) throw explained(this.name, error)
        await this.#yieldTo(error, attempt)
      }
    }
  }
}

function ifGone(error: unknown): undefined {
  if (!(error instanceof TableGone)) throw error
}

function conditional(
  condition: Condition | undefined,
  expression = new Expression(),
): {
  ConditionExpression: string | undefined
  ExpressionAttributeNames?: Record<string, string>
  ExpressionAttributeValues?: Expression['values']
} {
  const text = condition === undefined ? undefined : expression.condition(condition)
  return {
    ConditionExpression: text,
    ...(Object.keys(expression.names).length === 0 ? {} : { ExpressionAttributeNames: expression.names }),
    ...(Object.keys(expression.values).length === 0 ? {} : { ExpressionAttributeValues: expression.values }),
  }
}
