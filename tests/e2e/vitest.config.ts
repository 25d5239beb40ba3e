import { defineConfig } from 'vitest/config';

// Each file is a process of its own with its own browser; two of them keep two cores busy.
export default defineConfig({
  test: {
    include: ['journeys/**/*.test.ts'],
    globalSetup: ['rig/ready.ts'],
    setupFiles: ['rig/teardown.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 90_000,
    retry: Number(process.env.HEADRACE_E2E_RETRY ?? 0),
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
