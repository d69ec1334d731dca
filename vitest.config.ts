import { defineConfig } from 'vitest/config'

const SIMULATOR = 'test/simulator/**/*.test.ts'

/** Systems tests start their own servers: one file at a time keeps two cores from being fought over. */
export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // Waits for servers of other people's making run out on a machine that is busy; what is wrong is so twice.
    retry: process.env['CI'] === undefined ? 0 : 1,
    reporters: ['default'],
    projects: [
      // It takes all cores itself: beside others its ten thousand worlds would be a matter of minutes.
      { extends: true, test: { name: 'simulator', include: [SIMULATOR], sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: 'all else', include: ['test/**/*.test.ts'], exclude: [SIMULATOR], sequence: { groupOrder: 1 } },
      },
    ],
  },
})
