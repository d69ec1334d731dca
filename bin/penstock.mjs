#!/usr/bin/env node
import { join } from 'node:path'
import { nodeCommand, passOn, ROOT } from './pass-on.mjs'

const node = nodeCommand()
if (node === process.execPath) await import('./penstock.ts')
else passOn(node, [join(ROOT, 'bin', 'penstock.ts'), ...process.argv.slice(2)])
