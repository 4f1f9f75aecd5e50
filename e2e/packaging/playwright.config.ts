import { defineConfig } from '@playwright/test';

/** What an installer would carry: `npx playwright test --config e2e/packaging`. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../out/test-results/packaging',
  workers: 1,
  timeout: 60_000,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
});
