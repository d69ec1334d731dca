/** The deployable app: `npx cdk deploy` with the context keys of docs/deploy.md. */
import { App } from 'aws-cdk-lib'
import { bundles } from './bundles.ts'
import { deployment } from './deployment.ts'
import { PenstockStack } from './stack.ts'

const app = new App({ analyticsReporting: false })
const settings = deployment((key) => app.node.tryGetContext(key))
new PenstockStack(app, settings.name, { ...settings, bundles: bundles() })
app.synth()
