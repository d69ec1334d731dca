import { defineConfig } from 'vitest/config'

/** Systems tests start their own servers: one file at a time keeps two cores from being fought over. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default'],
  },
})
