/**
 * `npm start`, `npm test`, `npm run bench`, `npm run chaos` and `npm run simulate`: sets up what is missing, then goes
 * on in the project's own Node. Runs before anything is installed, on Node 18 and newer.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { OWN_NODE, passOn, ROOT } from './pass-on.mjs'

const [goal, ...flags] = process.argv.slice(2)

if (!installed()) {
  console.log('Installing packages (npm ci)')
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}
if (!existsSync(OWN_NODE)) {
  console.log("Installing the project's own Node")
  run('node', ['installArchSpecificPackage.js'], join(ROOT, 'node_modules', 'node'))
}
run(OWN_NODE, [join(ROOT, 'lib', 'local', 'setup.ts')])

// Whatever the goal starts by the name of node is the project's own.
const env = { ...process.env, PATH: [dirname(OWN_NODE), process.env.PATH].join(delimiter) }
switch (goal) {
  case 'start':
    passOn(OWN_NODE, [join(ROOT, 'bin', 'penstock.ts'), 'up', '--demo', ...flags], { env })
    break
  case 'bench':
    passOn(OWN_NODE, [join(ROOT, 'bench', 'index.ts'), ...flags], { env, channel: false })
    break
  case 'chaos':
    passOn(OWN_NODE, [join(ROOT, 'test', 'system', 'chaos', 'main.ts'), ...flags], { env, channel: false })
    break
  case 'simulate':
    passOn(OWN_NODE, [join(ROOT, 'test', 'simulator', 'main.ts'), ...flags], { env, channel: false })
    break
  default:
    passOn(OWN_NODE, [vitest(), 'run', ...flags], { env, channel: false })
}

/** Whether what npm installed is what the lockfile says; npm keeps its own account in node_modules. */
function installed() {
  const account = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(account)) return false
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  const there = JSON.parse(readFileSync(account, 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = there[path]
    // Packages for other platforms are optional and left out.
    if (path === '' || (found === undefined && optional)) return true
    return found !== undefined && found.version === version && found.integrity === integrity
  })
}

/** Without node_modules/.bin in PATH: what npm installs anew can't run it. */
function run(command, args, cwd = ROOT) {
  const path = process.env.PATH.split(delimiter).filter((folder) => !folder.startsWith(ROOT))
  const env = { ...process.env, PATH: path.join(delimiter) }
  const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit' })
  if (error !== undefined) console.error(`penstock: ${command} could not be run: ${error.message}`)
  if (status !== 0) process.exit(status ?? (signal === null ? 1 : 130))
}

function vitest() {
  const require = createRequire(join(ROOT, 'package.json'))
  return join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
}
