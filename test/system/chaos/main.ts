/**
 * `npm run chaos -- [--minutes 10] [--faults 100] [--kills 50] [--quiet 60] [--slice 4000] [--seed N] [--jvm]`: real
 * parts under load, with faults (docs/guarantees.md). `--jvm` measures two JVM workers beside, which takes seven minutes
 * more.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { jvmReport, measureJvm } from './jvm.ts'
import { report } from './report.ts'
import { runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    faults: { type: 'string', default: '100' },
    kills: { type: 'string', default: '50' },
    quiet: { type: 'string', default: '60' },
    slice: { type: 'string', default: '4000' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    jvm: { type: 'boolean', default: false },
  },
})
const tell = (line: string) => console.log(line)
const load = () => loadavg()[0]?.toFixed(1)

tell(`Seed ${values.seed}; the machine's load before: ${load()}`)
const done = await runChaos({
  seed: Number(values.seed),
  sliceMs: Number(values.slice),
  quietMs: Number(values.quiet) * 1000,
  kills: Number(values.kills),
  faults: Number(values.faults),
  faultsMs: Number(values.minutes) * 60_000,
  tell,
})
const jvm = values.jvm ? await measureJvm(tell) : null
tell(`\n${report(done)}`)
if (jvm !== null) tell(`\n${jvmReport(jvm)}`)
tell(`\nSeed ${values.seed}; the machine's load after: ${load()}`)
process.exit(done.problems.length === 0 ? 0 : 1)
