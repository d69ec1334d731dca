/** What the table's failures are to its callers. */
import {
  ConditionalCheckFailedException,
  ResourceInUseException,
  ResourceNotFoundException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb'
import { ConnectError, RetriableError } from '../connect/errors.ts'

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

/** What a call of the table's rejects with, for what the SDK has thrown. */
export function explained(table: string, error: unknown): unknown {
  if (error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException) return error
  if (error instanceof ResourceInUseException) return error
  if (error instanceof ResourceNotFoundException) return new TableGone(table, error)
  const { name, message, $retryable, $metadata } = error as Failure
  if (name === 'ValidationException' && message.includes('Item size')) return new ItemTooLarge(table, error)
  if (name === 'AbortError' || name === 'TimeoutError')
    return new RetriableError(`The table ${table} did not answer in time`, error)
  const lost = name !== 'CredentialsProviderError' && ($metadata?.httpStatusCode ?? 500) >= 500
  const kind = lost || $retryable !== undefined ? 'retriable' : 'fatal'
  return new ConnectError(`The table ${table} refused a request: ${name}: ${message}`, { kind, cause: error })
}

type Failure = Error & { readonly $retryable?: object; readonly $metadata?: { readonly httpStatusCode?: number } }
