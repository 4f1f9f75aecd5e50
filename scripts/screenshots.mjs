// `npm run screenshots`: pictures of the app for the README, in both themes, into docs/screenshots.
//   npm run screenshots                       runs the sample cluttered-quick first, once
//   npm run screenshots -- --project DIR      shows a finished project of yours (a copy of it); further ones of the same
//                                             option stand in the list of projects
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { choosePath, eqnet, makeHome, openBrowser, serve } from './lib/app-window.mjs';
import { setUpBrowser } from './lib/browser.mjs';
import { root } from './lib/tools.mjs';

const FOLDER = join(root, 'docs', 'screenshots');
const SAMPLE = join(root, 'out', 'screenshots', 'sample.eqnet');
const NAME = 'digits';
const MOST_BYTES = 300_000;
/** A measurement on all test images, on a slow machine. */
const MEASURE_MS = 10 * 60_000;
const say = (text) => console.log(text);

function runSample() {
  mkdirSync(join(SAMPLE, '..'), { recursive: true });
  const resume = existsSync(SAMPLE) ? ['--resume'] : [];
  const child = spawn(process.execPath, [eqnet, 'run', 'cluttered-quick', '--project', SAMPLE, ...resume], { stdio: 'inherit' });
  return new Promise((done, failed) =>
    child.once('close', (code) => (code === 0 ? done() : failed(new Error(`eqnet run ended with exit code ${code}.`)))),
  );
}

/** Gives the copy a name of its own for the pictures. */
function rename(project, name) {
  const file = join(project, 'project.json');
  writeFileSync(file, `${JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), name }, null, 2)}\n`);
}

const { values } = parseArgs({ options: { project: { type: 'string', multiple: true } } });
const [project, ...others] = (values.project ?? [SAMPLE]).map((path) => resolve(path));
if (!values.project && !existsSync(join(SAMPLE, 'runs'))) await runSample();
const found = await setUpBrowser(say);
if ('problem' in found) throw new Error(found.problem);

const home = makeHome({ projects: join(tmpdir(), 'EQ-Net') });
home.copyProject(project, `${NAME}.eqnet`);
rename(join(home.projects, `${NAME}.eqnet`), NAME);
for (const other of others) home.copyProject(other, basename(other));
const server = await serve(home);
const browser = await openBrowser();
try {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(server.url);
  const main = page.getByRole('main');
  const rail = page.getByRole('navigation', { name: 'Screens' });
  const title = page.getByRole('heading', { level: 1 });

  /** Shows a screen and waits until it has drawn what it shows. */
  async function go(name) {
    await rail.getByRole('button', { name: new RegExp(`^${name}(,|$)`) }).click();
    await title.filter({ hasText: name }).waitFor();
    await settle();
  }
  async function settle() {
    await page.mouse.move(700, 4);
    await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
    await page.evaluate(() => document.fonts.ready);
    // a canvas is drawn in the frame after its data came
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 400)))));
  }
  async function picture(name) {
    for (const theme of ['dark', 'light']) {
      while ((await page.locator('html').getAttribute('data-theme')) !== theme) {
        await page.keyboard.press('Alt+t');
        await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
      }
      await settle();
      const path = join(FOLDER, `${name}-${theme}.png`);
      await page.screenshot({ path });
      const { size } = statSync(path);
      say(`${name}-${theme}.png  ${Math.round(size / 1000)} kB`);
      if (size > MOST_BYTES) say(`${name}-${theme}.png is larger than ${MOST_BYTES / 1000} kB.`);
    }
  }

  for (const name of [...others.map((path) => basename(path)), `${NAME}.eqnet`]) {
    await page.getByRole('button', { name: 'Open…' }).click();
    await choosePath(page, join(home.projects, name));
    await title.filter({ hasText: 'Train' }).waitFor();
    if (name === `${NAME}.eqnet`) break;
    await page.getByRole('button', { name: /^Project / }).click();
    await page.getByRole('menuitem', { name: /^Close project/ }).click();
    await title.filter({ hasText: 'Projects' }).waitFor();
  }

  const idle = () => page.getByRole('contentinfo', { name: 'Status' }).getByText('No jobs').waitFor({ timeout: MEASURE_MS });
  const searched = () => main.getByText(/\d{2,} configurations · searched in/).waitFor();

  // an older project holds no more of its search than what it proposed
  await go('Search');
  await searched();
  if (/(?<![\d,])\d\d? configurations/.test(await main.getByText(/configurations · searched in/).innerText())) {
    await main.getByRole('button', { name: 'Search more…' }).click();
    const more = page.getByRole('dialog', { name: 'Search more' });
    await more.getByRole('button', { name: 'Search', exact: true }).click();
    await more.waitFor({ state: 'hidden' });
    await page.waitForTimeout(1000);
    await idle();
  }
  const rows = main.getByRole('grid', { name: 'Configurations' }).getByRole('row');
  const last = (await rows.count()) - 1;
  for (const number of [1, Math.ceil(last / 2), last]) await rows.nth(number).getByRole('checkbox').click();
  await main.getByRole('button', { name: 'Compare 3' }).click();
  await title.filter({ hasText: 'Compare' }).waitFor();
  await main.getByRole('button', { name: /^Measure A/ }).click();
  await page.waitForTimeout(1000);
  await idle();
  // toasts of what was done here must not stand in the pictures
  await page.reload();
  await title.filter({ hasText: 'Compare' }).waitFor();
  await main.getByRole('group', { name: /lowest in/ }).waitFor();
  await picture('compare');

  await go('Search');
  await searched();
  await rows.nth(2).click();
  await picture('search');
  await rows.nth(2).dblclick();
  await title.filter({ hasText: 'Inspect' }).waitFor();
  const activations = main.getByRole('button', { name: 'Measure activations' });
  if (await activations.isVisible()) {
    await activations.click();
    await activations.waitFor({ state: 'hidden', timeout: MEASURE_MS });
  }
  await picture('inspect');
  await go('Train');
  await main.getByRole('radio', { name: 'Supernet' }).click();
  await picture('train');
  await go('Space');
  await picture('space');
  await go('Export');
  await main.getByRole('button', { name: /^Export (ONNX file|again)$/ }).click();
  await page.waitForTimeout(1000);
  await idle();
  await main.getByRole('region', { name: 'Proof' }).getByText('Passed').waitFor();
  await page.reload();
  await title.filter({ hasText: 'Export' }).waitFor();
  await picture('export');
  await page.getByRole('button', { name: `Project ${NAME}` }).click();
  await page.getByRole('menuitem', { name: /^Close project/ }).click();
  await title.filter({ hasText: 'Projects' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('canvas:not(.shown)').length === 0);
  await picture('home');
} finally {
  await browser.close();
  await server.end();
  home.remove();
}
