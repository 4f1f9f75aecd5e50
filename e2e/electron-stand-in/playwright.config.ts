import { defineConfig } from '@playwright/test';

/** The contract of the stand-in with Electron: `npx playwright test --config e2e/electron-stand-in`. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../out/test-results/electron-stand-in',
  workers: 1,
  timeout: 60_000,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
});
