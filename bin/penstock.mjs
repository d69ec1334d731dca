#!/usr/bin/env node
import module from 'node:module'
import { join } from 'node:path'
import { nodeCommand, passOn, ROOT } from './pass-on.mjs'

const node = nodeCommand()
if (node === process.execPath) {
  // Halves the time to the first line of a command.
  module.enableCompileCache?.()
  await import('./penstock.ts')
} else passOn(node, [join(ROOT, 'bin', 'penstock.ts'), ...process.argv.slice(2)])
