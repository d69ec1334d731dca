/**
 * A shell that outlives the local cloud by a moment: when the cloud dies without saying goodbye (SIGKILL), the
 * guard's input closes and it ends what the cloud had started, frozen and busy processes included.
 */
import { spawn } from 'node:child_process'

/** Lines `+ PID` and `- PID`; at the end of the input all that are left are killed. */
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
while read -r change pid; do
  case $change in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2> /dev/null; done
`

export interface Guard {
  readonly pid: number
  watch(pid: number): void
  forget(pid: number): void
  /** Kills what is still watched, and from now on whatever would be. */
  stop(): Promise<void>
}

export function startGuard(): Guard {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const pids = new Set<number>()
  let stopped = false
  // Writing to a guard that somebody killed must not end the cloud.
  child.stdin.on('error', () => {})
  return {
    pid: child.pid ?? 0,
    watch(pid) {
      if (stopped) return void process.kill(pid, 'SIGKILL')
      pids.add(pid)
      child.stdin.write(`+ ${pid}\n`)
    },
    forget(pid) {
      if (pids.delete(pid)) child.stdin.write(`- ${pid}\n`)
    },
    async stop() {
      stopped = true
      child.stdin.end()
      await gone
    },
  }
}
