/** The HTTP API: every request is signed (IAM), and all paths go to the REST function. */
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

export function restApi(scope: Construct, rest: LambdaFunction): HttpApi {
  return new HttpApi(scope, 'Api', {
    description: "Kafka Connect's REST API",
    defaultAuthorizer: new HttpIamAuthorizer(),
    defaultIntegration: new HttpLambdaIntegration('Rest', rest),
  })
}
