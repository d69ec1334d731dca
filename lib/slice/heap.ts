/**
 * How V8 collects garbage in a task. With the old space that Lambda grants it, it goes through the whole heap again
 * once that and the buffers outside of it have grown by a half or so. A task holds 15 MB and lets go of megabytes of
 * fetched bytes all the time, so that is every few fetches: half of a sink's time, measured.
 */
import { setFlagsFromString } from 'node:v8'

/** From one collection to the next the heap may grow to two and a half times its size. Once a process. */
export function tuneHeap(): void {
  setFlagsFromString('--heap-growing-percent=150')
}
