import { defineConfig } from 'vitest/config'

/** Systems tests start their own servers: one file at a time keeps two cores from being fought over. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // Waits for servers of other people's making run out on a machine that is busy; what is wrong is so twice.
    retry: process.env['CI'] === undefined ? 0 : 1,
    reporters: ['default'],
  },
})
