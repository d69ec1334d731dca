/** What the local cloud and the tests need beside npm's packages: Java, Maven, and the jars in the user's cache. */
import { colors as pc } from '../observe/colors.ts'
import { jars } from './jars.ts'
import { ensureJavaAndMaven } from './java.ts'
import { LocalError } from './local-error.ts'

const progress = (line: string) => console.log(pc.dim(`  ${line}`))

try {
  await ensureJavaAndMaven(progress)
  await Promise.all([jars('kafka', progress), jars('dynamodb', progress)])
} catch (error) {
  const hint = error instanceof LocalError && error.hint !== null ? `\n  ${error.hint}` : ''
  console.error(error instanceof LocalError ? `penstock: ${error.message}${hint}` : error)
  process.exitCode = 1
}
