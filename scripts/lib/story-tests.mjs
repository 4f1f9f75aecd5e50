import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUpBrowser } from './browser.mjs';
import { runTool } from './tools.mjs';

/** Runs Playwright with a report in JSON. @returns what it said: whether all went well, and the report (null = none) */
async function playwright(args, { show, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-playwright-'));
  const file = join(folder, 'report.json');
  try {
    const { ok } = await runTool({
      package: '@playwright/test',
      program: 'playwright',
      args: ['test', '--config', 'e2e', ...args],
      show,
      env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
    });
    return { ok, report: JSON.parse(readFileSync(file, 'utf8')) };
  } catch {
    return { ok: false, report: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const countOf = ({ specs = [], suites = [] }) =>
  specs.reduce((sum, { tests }) => sum + tests.length, 0) + suites.reduce((sum, suite) => sum + countOf(suite), 0);

/** What cannot run without a browser: everything, named by its number. */
async function leaveOut(problem) {
  const { report } = await playwright(['--list', '--reporter=json'], { show: false });
  const skipped = report ? countOf(report) : 0;
  console.log(`${problem} ${skipped} end-to-end tests did not run.`);
  if (!process.env.CI) return { passed: 0, failed: 0, skipped };
  console.log('With CI set, that is a failure.');
  return { passed: 0, failed: 1, skipped };
}

/**
 * Runs the end-to-end tests in a browser, on the desktop app and on the browser host.
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runStories() {
  const browser = await setUpBrowser((text) => console.log(text));
  if ('problem' in browser) return leaveOut(browser.problem);
  const { ok, report } = await playwright(['--reporter=list,json'], { show: true, env: { CHROME_PATH: browser.path } });
  if (!report) {
    console.log('Playwright ended without results.');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const { expected, unexpected, flaky, skipped } = report.stats;
  const failed = unexpected + flaky;
  // Playwright also fails for errors outside of all tests
  return { passed: expected, failed: ok ? failed : Math.max(failed, 1), skipped };
}
