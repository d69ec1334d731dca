/** `npm run simulate -- [--worlds 1000000] [--seed 1]`: many worlds, or with `--worlds 1` that of one seed. */
import { parseArgs } from 'node:util'
import { report, runWorlds } from './run.ts'

const { values } = parseArgs({
  options: { worlds: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
const CHUNK = 10_000
const worlds = Number(values.worlds)
const seed = Number(values.seed)
for (let done = 0; done < worlds; done += CHUNK) {
  const found = await runWorlds(seed + done, Math.min(CHUNK, worlds - done))
  if (found !== null) {
    console.error(report(found))
    process.exit(1)
  }
  console.log(`${Math.min(worlds, done + CHUNK)} worlds, nothing broke`)
}
