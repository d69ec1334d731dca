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
  ResourceNotFoundException,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { pause } from '../connect/budget.ts'
import { ConnectError, RetriableError } from '../connect/errors.ts'
import { type Item, marshalItem, unmarshalItem } from './attributes.ts'
import { type Condition, Expression, present, type Update } from './expression.ts'
import { countUnits } from './table-units.ts'

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** Done with the item as it is now; or not, with the item that failed the condition (null: there is none). */
export type Outcome =
  | { readonly done: true; readonly item: Item }
  | { readonly done: false; readonly item: Item | null }

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
  update(key: Key, update: Update, condition?: Condition): Promise<Outcome>
  /** False: the condition failed. */
  delete(key: Key, condition?: Condition): Promise<boolean>
  /** Resolves when the table can be used; one that is there is fine. */
  create(): Promise<void>
  close(): void
}

/** The table doesn't exist, or isn't whole yet: `rebuild()` makes it from the topics. */
export class TableGone extends ConnectError {
  constructor(table: string, cause?: unknown) {
    super(`The table ${table} is not there; it is rebuilt from the topics`, { kind: 'retriable', cause })
  }
}

/** An item would hold more than the service's 400 KB. */
export class ItemTooLarge extends ConnectError {
  constructor(table: string, cause: unknown) {
    super(`The table ${table} refused an item of more than 400 KB`, { cause })
  }
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
    const TableName = this.name
    const expression = new Expression()
    const Update = {
      TableName,
      Key: marshalItem({ ...key }),
      UpdateExpression: expression.update(update),
      ...conditional(condition, expression),
    }
    const ConditionCheck = { TableName, Key: marshalItem({ ...where }), ...conditional(present('pk')) }
    const command = new TransactWriteItemsCommand({ TransactItems: [{ ConditionCheck }, { Update }] })
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call((options) => this.#client.send(command, options))
        return true
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error
        const [check, updated] = (error.CancellationReasons ?? []).map((reason) => reason.Code)
        if (check === 'ConditionalCheckFailed') return 'missing'
        if (updated === 'ConditionalCheckFailed') return false
        if (attempt === CONFLICTS)
          throw new RetriableError(`The table ${this.name} is too busy: ${error.message}`, error)
        await pause(attempt * 5 * (1 + Math.random()))
      }
    }
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
    countUnits(this.#made)
    return this.#made
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
    try {
      return await send({ abortSignal: AbortSignal.timeout(timeoutMs) })
    } catch (error) {
      throw this.#explain(error)
    }
  }

  #explain(error: unknown): unknown {
    if (error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException) return error
    if (error instanceof ResourceInUseException) return error
    if (error instanceof ResourceNotFoundException) return new TableGone(this.name, error)
    const { name, message, $retryable, $metadata } = error as Failure
    if (name === 'ValidationException' && message.includes('Item size')) return new ItemTooLarge(this.name, error)
    if (name === 'AbortError' || name === 'TimeoutError')
      return new RetriableError(`The table ${this.name} did not answer in time`, error)
    const lost = name !== 'CredentialsProviderError' && ($metadata?.httpStatusCode ?? 500) >= 500
    const kind = lost || $retryable !== undefined ? 'retriable' : 'fatal'
    return new ConnectError(`The table ${this.name} refused a request: ${name}: ${message}`, { kind, cause: error })
  }
}

type Failure = Error & { readonly $retryable?: object; readonly $metadata?: { readonly httpStatusCode?: number } }

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
