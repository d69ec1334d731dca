/** The resident memory of a process. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** MB; null where the process is gone. Linux: about 20 us; elsewhere a call of `ps`. */
export function residentMb(pid: number): number | null {
  try {
    if (process.platform === 'linux') {
      const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
      return match === null ? null : Number(match[1]) / 1024
    }
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'latin1' })) / 1024
  } catch {
    return null
  }
}
