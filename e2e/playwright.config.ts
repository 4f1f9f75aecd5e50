import { defineConfig } from '@playwright/test';
import type { HostOptions } from './kit/fixture.ts';

/** A run of the smallest recipe on a machine that is busy with other things. */
const STORY_MS = 240_000;

/**
 * All tests in a browser: `npx playwright test --config e2e`; one host: `--project=browser`; one story: its file name.
 * The stories run twice, on the desktop app and on the browser host, with the real engine.
 */
export default defineConfig<HostOptions>({
  outputDir: '../out/test-results',
  // the stories train: side by side they would only wait for each other
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  timeout: STORY_MS,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { actionTimeout: 20_000, viewport: { width: 1440, height: 900 }, screenshot: 'only-on-failure' },
  projects: [
    { name: 'stand-in', testDir: 'electron-stand-in', timeout: 60_000 },
    { name: 'packaging', testDir: 'packaging', timeout: 60_000 },
    { name: 'setup', testDir: 'setup' },
    { name: 'browser', testDir: 'stories', dependencies: ['setup'], use: { hostKind: 'browser' } },
    { name: 'desktop', testDir: 'stories', dependencies: ['setup'], use: { hostKind: 'desktop' } },
  ],
});
