/** Connect's REST API behind API Gateway. What the first request doesn't need loads with the first that needs it. */
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { toRequest, toResult } from '../../lib/rest/api-gateway.ts'
import { openApp } from '../../lib/rest/open.ts'
import { counted } from '../../lib/worker/own-usage.ts'

const app = openApp()

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
  counted('_rest', async (event: APIGatewayProxyEventV2) => toResult(await app.fetch(toRequest(event)))),
)
