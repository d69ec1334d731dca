/**
 * `npm run simulate -- [--worlds 1000000] [--seed 1] [--threads N]`: the worlds of so many seeds from that one on. A
 * world that breaks is told with its history, and the others go on.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { addTo, type Counts, coverageTable } from './coverage.ts'
import { report, Threads } from './run.ts'

/** Of which it is told that they are through. */
const CHUNK = 10_000
/** After so many broken worlds there is nothing new to see. */
const ENOUGH = 20

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})
const first = Number(values.seed)
const end = first + Number(values.worlds)
const begun = performance.now()
const counts: Counts = new Map()
const broken: number[] = []

await using threads = new Threads(null, Math.min(Number(values.threads), end - first))
let next = first
while (next < end && broken.length < ENOUGH) {
  const ran = await threads.run(next, Math.min(CHUNK, end - next))
  addTo(counts, ran.counts)
  if (ran.broken === null) next = Math.min(end, next + CHUNK)
  else {
    console.error(report(ran.broken))
    broken.push(ran.broken.seed)
    next = ran.broken.seed + 1
  }
  console.log(progress())
}
console.log(coverageTable(counts))
console.log(broken.length === 0 ? 'Nothing broke.' : `The worlds of these seeds broke: ${broken.join(', ')}`)
if (next < end) console.log(`To go on: npm run simulate -- --seed ${next} --worlds ${end - next}`)
process.exitCode = broken.length === 0 ? 0 : 1

function progress(): string {
  const seconds = (performance.now() - begun) / 1_000
  const left = Math.round((seconds / (next - first)) * (end - next))
  const so = `seeds ${first} to ${next - 1} are through, ${broken.length} broke`
  return `${so}; ${Math.round(seconds)} s, ${left} s to go`
}
