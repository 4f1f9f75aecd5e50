// Takes the pictures of README: the real pages on a finished project, in both themes.
// usage: node scripts/screenshots.mjs [--project DIR] [--out DIR] [--size 1440x900]
// Without --project the sample cluttered-quick is run first (some minutes), in a folder below out/.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { CHROMIUM_SWITCHES, findChromium } from '../e2e/browser.mjs';
import { root } from './lib/tools.mjs';

const RECIPE = 'cluttered-quick';
const THEMES = ['dark', 'light'];
const QUIET_MS = 1500;
const eqnet = join(root, 'scripts', 'eqnet.mjs');

const { values } = parseArgs({
  options: {
    project: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'screenshots') },
    size: { type: 'string', default: '1440x900' },
  },
});
const [width, height] = values.size.split('x').map(Number);

async function finishedProject() {
  if (values.project) return resolve(values.project);
  const project = join(root, 'out', 'screenshots', `${RECIPE}.eqnet`);
  const child = spawn(process.execPath, [eqnet, 'run', RECIPE, '--project', project, '--resume'], { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  if (code !== 0) process.exit(code ?? 1);
  return project;
}

const original = await finishedProject();
const folder = mkdtempSync(join(tmpdir(), 'eqnet-screenshots-'));
const project = join(folder, `${RECIPE}.eqnet`);
if (!existsSync(join(original, 'project.json'))) throw new Error(`There is no project in ${original}: name a finished one with --project.`);
// what is clicked here is not to be found in somebody's project later
cpSync(original, project, { recursive: true });

const server = spawn(process.execPath, [eqnet, 'serve', '--port', '0', '--root', folder], {
  env: { ...process.env, EQNET_DATA: join(folder, 'data') },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = await once(createInterface(server.stdout), 'line');
const executablePath = await findChromium();
const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: CHROMIUM_SWITCHES });
const context = await browser.newContext({ viewport: { width, height }, locale: 'en-US', reducedMotion: 'reduce' });
const page = await context.newPage();

/** Until no picture has changed for a moment: charts draw after their data has come. */
async function settle() {
  let last = '';
  for (;;) {
    await page.waitForTimeout(QUIET_MS / 3);
    const now = (await page.screenshot()).toString('base64');
    if (now === last) return;
    last = now;
  }
}

async function take(name) {
  for (const theme of THEMES) {
    await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
    await page.mouse.move(1, 1);
    await settle();
    await page.screenshot({ path: join(values.out, `${name}-${theme}.png`) });
    console.log(`${basename(values.out)}/${name}-${theme}.png`);
  }
}

async function go(name) {
  await page
    .getByRole('navigation', { name: 'Screens' })
    .getByRole('button', { name: new RegExp(`^${name}(,|$)`) })
    .click();
  await page.getByRole('heading', { level: 1 }).filter({ hasText: name }).waitFor();
}

async function open() {
  await page.getByRole('button', { name: 'Open…' }).click();
  const picker = page.getByRole('dialog');
  await picker.getByRole('textbox', { name: 'Path' }).fill(folder);
  await picker.getByRole('textbox', { name: 'Path' }).press('Enter');
  await picker.getByRole('row', { name: basename(project) }).click();
  await picker.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('button', { name: /^Project / }).waitFor();
}

async function compareThree() {
  await go('Compare');
  await page.getByRole('button', { name: /^Add/ }).first().click();
  const dialog = page.getByRole('dialog');
  const rows = dialog.getByRole('row');
  await rows.nth(1).waitFor();
  for (const index of [1, 3, 5]) await rows.nth(index).getByRole('checkbox').check();
  await dialog.getByRole('button', { name: /^Add/ }).last().click();
  await dialog.waitFor({ state: 'hidden' });
}

try {
  mkdirSync(values.out, { recursive: true });
  await page.goto(line);
  await open();
  for (const name of ['Data & model', 'Space', 'Train', 'Predictor', 'Search', 'Export', 'Runs', 'Engine', 'Settings']) {
    await go(name);
    await take(name === 'Data & model' ? 'data' : name.toLowerCase());
  }
  await compareThree();
  await take('compare');
  await page.getByRole('grid').first().getByRole('row').nth(1).click();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1 }).filter({ hasText: 'Inspect' }).waitFor();
  await take('inspect');
  await page.evaluate(() => (location.hash = '#/home'));
  await page.getByRole('heading', { level: 1 }).filter({ hasText: 'Projects' }).waitFor();
  await take('home');
} finally {
  await browser.close();
  server.kill('SIGINT');
  await once(server, 'close');
  rmSync(folder, { recursive: true, force: true });
}
