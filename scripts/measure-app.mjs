// `npm run measure:app`: how fast the app starts, what it keeps after a long run, and how smoothly it draws while training
// runs. Prints tables, writes bench/results/app.json and, with the usual 120 seconds, the section of docs/results.md.
//   npm run measure:app -- --seconds 120     time in which the points of the simulated run are sent
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { choosePath, eqnet, makeHome, openBrowser, serve, startServer } from './lib/app-window.mjs';
import { describeApp, putAppSection } from './lib/app-results.mjs';
import { ensurePages } from './lib/build-app.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { ensureSimulatedHost } from './lib/simulated-host.mjs';
import { root } from './lib/tools.mjs';

const POINTS = 100_000;
const STARTS = 5;
const WATCH_MS = 20_000;
const LONG_MS = 50;
const FIRST_STEP_MS = 5 * 60_000;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds ${values.seconds} is not a number above 0.`);

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const quantile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(share * numbers.length))];
const megabytes = (bytes) => Math.round(bytes / 1e6);
const WINDOW = { viewport: { width: 1440, height: 900 }, locale: 'en-US' };

/** From nothing to a page that answers: the server, then the page. */
async function measureStarts() {
  const found = { server: [], page: [] };
  for (let turn = 0; turn < STARTS; turn++) {
    const home = makeHome();
    const server = await serve(home);
    const browser = await openBrowser();
    const page = await browser.newPage(WINDOW);
    const began = performance.now();
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Run sample' }).first().click({ trial: true });
    found.page.push(performance.now() - began);
    found.server.push(server.milliseconds);
    await browser.close();
    await server.end();
    home.remove();
  }
  return { starts: STARTS, serverMs: Math.round(median(found.server)), pageMs: Math.round(median(found.page)) };
}

/** Times between frames while a page is left alone, ms. */
async function measureFrames(page, ms = WATCH_MS) {
  const times = await page.evaluate(
    (limit) =>
      new Promise((done) => {
        const found = [];
        const first = performance.now();
        let last = first;
        const frame = (now) => {
          found.push(now - last);
          last = now;
          if (now - first < limit) requestAnimationFrame(frame);
          else done(found.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );
  return {
    frames: times.length,
    seconds: ms / 1000,
    medianMs: Number(median(times).toFixed(1)),
    p95Ms: Number(quantile(times, 0.95).toFixed(1)),
    p99Ms: Number(quantile(times, 0.99).toFixed(1)),
    mostMs: Number(quantile(times, 1).toFixed(1)),
    longer: times.filter((time) => time > LONG_MS).length,
  };
}

/** What a window keeps after a garbage collection, and its process in the memory of the machine (Linux). */
async function measureWindow(page, browser) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  const root = await browser.newBrowserCDPSession();
  const { processInfo } = await root.send('SystemInfo.getProcessInfo');
  await root.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => residentBytes(id));
  return {
    residentMb: renderers.includes(null) ? null : megabytes(Math.max(0, ...renderers)),
    heapMb: megabytes(usedSize + backingStorageSize),
  };
}

function residentBytes(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return null;
  }
}

/** What a run of the recipe `tiny` says of its network, so that the simulated worker can say the same. */
function describeNetwork(home) {
  const project = join(home.projects, 'described.eqnet');
  const run = spawnSync(process.execPath, [eqnet, 'run', 'tiny', '--project', project, '--json'], { env: home.env, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`eqnet run tiny ended with ${run.status}:\n${run.stderr}`);
  const { images, network, engine } = JSON.parse(run.stdout).run;
  return { layers: network.layers, points: network.points, parameters: network.parameters, images, dataDigest: 'simulated', engine };
}

/** A recipe whose elastic training has the wanted number of steps. */
function longRecipe(home) {
  const recipe = JSON.parse(readFileSync(join(root, 'resources', 'recipes', 'tiny.json'), 'utf8'));
  const { batch } = recipe.supernet;
  const file = join(home.projects, 'long.json');
  recipe.supernet.epochs = POINTS / Math.floor(recipe.data.trainImages / batch);
  writeFileSync(file, JSON.stringify({ ...recipe, name: 'long' }));
  return file;
}

async function measureLongRun() {
  const home = makeHome();
  const info = describeNetwork(home);
  const recipe = longRecipe(home);
  const program = await ensureSimulatedHost();
  const pages = join(root, 'out', 'renderer');
  const worker = join(root, 'bench', 'simulated-worker.mjs');
  const env = { ...home.env, EQNET_SIMULATION: JSON.stringify({ info, points: POINTS, seconds }) };
  const server = await startServer(['--expose-gc', program, pages, worker, home.projects], env);
  const answers = createInterface(server.process.stdout)[Symbol.asyncIterator]();
  const hostMemory = async () => {
    server.process.stdin.write('memory\n');
    const { rss, heapUsed } = JSON.parse((await answers.next()).value);
    return { residentMb: megabytes(rss), heapMb: megabytes(heapUsed) };
  };
  const browser = await openBrowser();
  try {
    const page = await browser.newPage(WINDOW);
    await page.goto(server.url);
    await page.getByRole('button', { name: 'New project' }).click();
    const dialog = page.getByRole('dialog', { name: 'New project' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('long');
    await dialog.getByRole('button', { name: 'Make project' }).click();
    await page.getByRole('button', { name: 'Project long' }).click();
    await page.getByRole('menuitem', { name: /^Load recipe…/ }).click();
    await choosePath(page, recipe);
    await page.getByText('Recipe long loaded').first().waitFor();
    await page.getByRole('button', { name: /^Train,/ }).click();
    const before = { host: await hostMemory(), window: await measureWindow(page, browser) };
    await page.getByRole('main').getByRole('button', { name: 'Run', exact: true }).click();
    const status = page.getByRole('contentinfo', { name: 'Status' });
    await status.getByText(/Supernet/).waitFor({ timeout: FIRST_STEP_MS });
    const early = await measureFrames(page, Math.min(WATCH_MS, seconds * 250));
    const steps = async () => Number(/Step\s+([\d,]+)/.exec(await status.innerText())?.[1].replaceAll(',', '') ?? 0);
    while ((await steps()) < 0.8 * POINTS) await page.waitForTimeout(500);
    const late = await measureFrames(page, Math.min(WATCH_MS, seconds * 150));
    while ((await steps()) < POINTS) await page.waitForTimeout(500);
    await page.waitForTimeout(3000);
    const after = { host: await hostMemory(), window: await measureWindow(page, browser) };
    const began = performance.now();
    await page.reload();
    await page.getByRole('group', { name: /^Cross-entropy: Highest from/ }).waitFor({ timeout: FIRST_STEP_MS });
    const reloadMs = Math.round(performance.now() - began);
    const series = await countSeries(home);
    return { points: POINTS, series, seconds, before, after, frames: { early, late }, reloadMs };
  } finally {
    await browser.close();
    await server.end();
    home.remove();
  }
}

/** Series of the simulated training that have all their points in the project: what was drawn is what was stored. */
async function countSeries(home) {
  const { default: Database } = await import('libsql');
  const [path] = readdirSync(home.projects, { recursive: true })
    .map((name) => join(home.projects, name))
    .filter((name) => name.endsWith(join('long.eqnet', 'project.db')));
  const database = new Database(path, { readonly: true });
  const stored = "SELECT series, 1 AS count FROM metrics WHERE phase = 'supernet' UNION ALL SELECT series, count FROM metric_chunks";
  const rows = database.prepare(`SELECT series, sum(count) AS points FROM (${stored} WHERE phase = 'supernet') GROUP BY series`).all();
  database.close();
  const whole = rows.filter(({ points }) => points === POINTS).length;
  if (whole < 10) throw new Error(`Only ${whole} of ${rows.length} series have all ${POINTS} points: the simulation is not what it says.`);
  return whole;
}

/** With a real training beside it, which takes the processor that it can get. */
async function measureTraining() {
  const home = makeHome();
  const server = await serve(home);
  const browser = await openBrowser();
  try {
    const page = await browser.newPage(WINDOW);
    await page.goto(server.url);
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /^MNIST in a few minutes/ }) });
    await card.getByRole('button', { name: 'Run sample' }).click();
    const status = page.getByRole('contentinfo', { name: 'Status' });
    await status.getByText(/Step/).waitFor({ timeout: FIRST_STEP_MS });
    return await measureFrames(page);
  } finally {
    await browser.close();
    await server.end();
    home.remove();
  }
}

const began = performance.now();
await ensureBuilt();
await ensurePages((text) => console.log(text));
const start = await measureStarts();
console.log(`Start, median of ${start.starts}: server ${start.serverMs} ms, page until it answers ${start.pageMs} ms`);
const training = await measureTraining();
const long = await measureLongRun();
const machine = { processor: cpus()[0].model, cores: cpus().length, memoryGb: Math.round(totalmem() / 1e9), node: process.version };

console.log(`\nSimulated run: ${POINTS.toLocaleString('en-US')} points in every series, sent in ${seconds} s`);
console.table({
  'host before': long.before.host,
  'host after': long.after.host,
  'window before': long.before.window,
  'window after': long.after.window,
});
console.log(`Loaded anew with all points: ${long.reloadMs} ms`);
console.log(`\nTime between frames (headless, without a GPU), ms; "longer" counts those above ${LONG_MS} ms`);
console.table({ 'real training': training, 'simulated run, begin': long.frames.early, 'simulated run, end': long.frames.late });

const file = join(root, 'bench', 'results', 'app.json');
mkdirSync(join(file, '..'), { recursive: true });
const minutes = Math.round((performance.now() - began) / 60_000);
const measured = { at: new Date().toISOString(), machine, minutes, start, training, long };
writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`);
console.log(`Written to ${file}`);
if (values.seconds === '120') {
  const results = join(root, 'docs', 'results.md');
  putAppSection(results, describeApp(measured));
  console.log(`and to ${results}`);
}
