/** The Java runtime and Maven, which the local Kafka and DynamoDB Local need. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LocalError } from './local-error.ts'

const run = promisify(execFile)
/** Kafka 4's brokers need Java 17. */
const OLDEST = 17

export type Progress = (line: string) => void

/** The `java` of JAVA_HOME or else of PATH; `LocalError` where there is none, or an older one than Java 17. */
export async function findJava(): Promise<string> {
  const java = javaCommand()
  const version = await javaVersion(java)
  if (version === null)
    throw new LocalError('Java is missing: the local Kafka and DynamoDB Local need it', installHint())
  if (version < OLDEST)
    throw new LocalError(`Java ${version} is too old: the local Kafka needs Java ${OLDEST} or newer`, installHint())
  return java
}

/** Java and Maven, installed where that is possible without asking: as root on Debian and Ubuntu. */
export async function ensureJavaAndMaven(progress: Progress): Promise<void> {
  const version = await javaVersion(javaCommand())
  const maven = await works('mvn', ['-version'])
  if (version !== null && version >= OLDEST && maven) return
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) {
    await findJava()
    throw new LocalError('Maven is missing: it fetches the jars of Kafka and DynamoDB Local', installHint())
  }
  progress('installing Java 17 and Maven (apt-get)')
  const apt = (args: readonly string[]) =>
    run('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 << 20 })
  try {
    await apt(['update', '-qq'])
    await apt(['install', '-y', '-qq', '--no-install-recommends', 'openjdk-17-jre-headless', 'maven'])
  } catch (cause) {
    throw new LocalError('apt-get could not install Java 17 and Maven', installHint(), cause)
  }
}

/** Runs Maven quietly. `LocalError` with its last words. */
export async function maven(args: readonly string[], purpose: string): Promise<void> {
  try {
    const running = run('mvn', ['-q', '-B', ...args], { maxBuffer: 64 << 20 })
    const end = () => void running.child.kill()
    process.once('exit', end)
    await running.finally(() => process.off('exit', end))
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code?: unknown; stdout?: string; stderr?: string }
    if (code === 'ENOENT') throw new LocalError(`Maven is missing: it fetches ${purpose}`, installHint(), cause)
    const words = `${stdout ?? ''}${stderr ?? ''}`.split('\n').find((line) => line.startsWith('[ERROR]'))
    throw new LocalError(
      `Maven could not fetch ${purpose}: ${words?.slice(8) ?? String(cause)}`,
      'Is Maven Central, or a mirror in ~/.m2/settings.xml, within reach?',
      cause,
    )
  }
}

function javaCommand(): string {
  const home = process.env['JAVA_HOME']
  const own = home === undefined ? null : join(home, 'bin', 'java')
  return own !== null && existsSync(own) ? own : 'java'
}

/** The major version; null where there is no Java. */
async function javaVersion(java: string): Promise<number | null> {
  try {
    const { stderr } = await run(java, ['-version'])
    const match = /version "(?:1\.)?(\d+)/.exec(stderr)
    return match === null ? null : Number(match[1])
  } catch {
    return null
  }
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args)
    return true
  } catch {
    return false
  }
}

function installHint(): string {
  switch (process.platform) {
    case 'darwin':
      return 'brew install openjdk@17 maven, and set JAVA_HOME to $(brew --prefix openjdk@17)'
    case 'win32':
      return 'winget install EclipseAdoptium.Temurin.17.JRE, and Maven from https://maven.apache.org'
    default:
      return existsSync('/usr/bin/dnf')
        ? 'sudo dnf install java-17-openjdk-headless maven'
        : 'sudo apt-get install openjdk-17-jre-headless maven'
  }
}
