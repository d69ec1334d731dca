/** Goes on in the project's own Node, whatever Node has been called. Plain JavaScript for Node 18 and newer. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
export const OWN_NODE = join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** This Node where it is new enough to run TypeScript as the project needs it, else the project's own. */
export function nodeCommand() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  if (existsSync(OWN_NODE)) return OWN_NODE
  console.error(`penstock: Node ${process.versions.node} is too old, and the project's own is not installed\n  npm ci`)
  process.exit(1)
}

/**
 * Runs a command in this one's place: its input and output, its signals, its exit status. Never returns. The channel
 * tells the command of this process's end, even by SIGKILL.
 */
export function passOn(command, args, { env = process.env, channel = true } = {}) {
  const stdio = channel ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit'
  const child = spawn(command, args, { stdio, env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`penstock: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]))
}
