/** The HTTP API: all paths go to the REST function, and every request is signed (IAM), or carries the worker's token. */
import { HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { isAuthWanted } from '../lib/rest/auth.ts'
import type { WorkerSettings } from '../lib/worker/settings.ts'

export function restApi(scope: Construct, rest: LambdaFunction, settings: WorkerSettings): HttpApi {
  const integration = new HttpLambdaIntegration('Rest', rest)
  // Both a signature and a token would have to be in the one Authorization header: the function asks for the token.
  const signed = !isAuthWanted(settings)
  const api = new HttpApi(scope, 'Api', {
    description: "Kafka Connect's REST API",
    defaultAuthorizer: signed ? new HttpIamAuthorizer() : new HttpNoneAuthorizer(),
    defaultIntegration: integration,
  })
  // A browser can't sign the question whether it may ask.
  if (signed && settings['access.control.allow.origin'] !== '')
    for (const path of ['/', '/{proxy+}'])
      api.addRoutes({ path, methods: [HttpMethod.OPTIONS], integration, authorizer: new HttpNoneAuthorizer() })
  return api
}
