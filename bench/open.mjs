// How long a large project takes to open: what the host needs for its answers, and what a person waits for in a browser.
//   npm run bench:open -- [--points 1000000] [--configurations 20000] [--proposed 2000] [--shelved 500] [--recipe cluttered-quick]
//                         [--rounds 5] [--keep FOLDER] [--write]
//   --keep FOLDER   leaves the project there, and takes the one that is there already
//   --write         puts the tables into docs/benchmarks.md
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { choosePath, makeHome, openBrowser, serve } from '../scripts/lib/app-window.mjs';
import { ensurePages } from '../scripts/lib/build-app.mjs';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { putSection } from '../scripts/lib/kept-sections.mjs';
import { buildOurs, describeMachine, machineText, markdownTable, median, once, root, textTable, workplace } from './runner.mjs';

const { values: options } = parseArgs({
  options: {
    points: { type: 'string', default: '1000000' },
    configurations: { type: 'string', default: '20000' },
    proposed: { type: 'string', default: '2000' },
    shelved: { type: 'string', default: '500' },
    recipe: { type: 'string', default: 'cluttered-quick' },
    rounds: { type: 'string', default: '5' },
    keep: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const NAME = 'large.eqnet';
const WINDOW = { viewport: { width: 1440, height: 900 }, locale: 'en-US' };
const PATIENCE_MS = 120_000;
const { directory, cleanUp } = workplace();
const whole = (number) => Math.round(number).toLocaleString('en-US');

/** Presses a button inside the page and waits there, so that no time of the driver counts. @returns ms for each condition, in order */
function watchPage({ press, conditions, patience }) {
  const met = {
    curve: () => document.querySelector('main [role=group][aria-label^="Cross-entropy: Highest from"] .echart > *') !== null,
    charts: () =>
      ['Cross-entropy: Highest', 'Distillation: Random', 'Top-1 by bit-width: 2', 'WDR loss: Kurtosis', 'Weight moments: Kurtosis'].every(
        (label) => document.querySelector(`main [role=group][aria-label^="${label}"]`) !== null,
      ),
    everything: () => met.charts() && document.querySelector('main .train[aria-busy]') === null,
    rows: () => document.querySelectorAll('main [role=grid][aria-label=Configurations] [role=row]').length > 2,
    searched: () => met.rows() && /searched in/.test(document.querySelector('main').textContent),
  };
  const button = [...document.querySelectorAll('button')].find(
    ({ innerText, ariaLabel }) => press === innerText || ariaLabel?.startsWith(press),
  );
  const began = performance.now();
  button.click();
  return new Promise((done, failed) => {
    const times = [];
    const look = () => {
      const now = performance.now() - began;
      while (times.length < conditions.length && met[conditions[times.length]]()) times.push(now);
      if (times.length === conditions.length) done(times);
      else if (now > patience) failed(new Error(`The page does not show '${conditions[times.length]}' after ${patience} ms.`));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

/** A fresh server and a fresh window for each round, as after a start of the program. */
async function measureBrowser(home, project) {
  const rounds = [];
  const round = async (count) => {
    const server = await serve(home);
    const browser = await openBrowser();
    try {
      const page = await browser.newPage(WINDOW);
      await page.goto(server.url);
      const open = page.getByRole('button', { name: 'large', exact: true });
      if (!count)
        await page
          .getByRole('button', { name: 'Open…' })
          .click()
          .then(() => choosePath(page, project));
      else await open.waitFor();
      const press = (name, conditions) => page.evaluate(watchPage, { press: name, conditions, patience: PATIENCE_MS });
      if (!count) return await page.locator('main .train').waitFor({ timeout: PATIENCE_MS });
      // the window has drawn its first screen and rests
      await page.waitForLoadState('networkidle');
      const [curve, charts, everything] = await press('large', ['curve', 'charts', 'everything']);
      const [rows, searched] = await press('Search,', ['rows', 'searched']);
      rounds.push({ curve, charts, everything, rows, searched });
    } finally {
      await browser.close();
      await server.end();
    }
  };
  // the first one only puts the project among the recent ones
  for (let count = 0; count <= Number(options.rounds); count++) await round(count);
  return rounds;
}

/** Median and worst of the rounds. */
const figures = (rounds, pick) => {
  const values = rounds.map(pick);
  return [median(values), Math.max(...values)].map((value) => `${whole(value)}`);
};

async function main() {
  await ensureBuilt();
  await ensurePages((text) => console.log(text));
  const ours = await buildOurs('open-ours');
  const home = makeHome();
  const project = options.keep ? resolve(options.keep) : join(directory, NAME);
  try {
    if (!existsSync(project)) {
      const { points, configurations, proposed, shelved, recipe } = options;
      const made = await once('make', process.execPath, [ours, 'make', project, recipe, points, configurations, proposed, shelved]);
      console.log(`Made: ${whole(made.points)} points in ${made.series} series`);
    }
    home.copyProject(project, NAME);
    const inHome = join(home.projects, NAME);
    const machine = describeMachine({}, 0);
    const host = [];
    for (let i = 0; i < Number(options.rounds); i++) host.push(await once('host', process.execPath, [ours, 'host', inHome]));
    const browser = await measureBrowser(home, inHome);
    const rows = [
      ['ms', 'median', 'slowest'],
      ['host: the project is open and its view made', ...figures(host, ({ open }) => open.ms)],
      ['host: everything that the Train screen reads', ...figures(host, ({ train }) => train.ms)],
      ['host: what the Search screen reads', ...figures(host, ({ search }) => search.ms)],
      ['host: the list of recent projects', ...figures(host, ({ recent }) => recent.ms)],
      ['browser: from Open to the first curve of Train', ...figures(browser, ({ curve }) => curve)],
      ['browser: from Open to all charts of Train', ...figures(browser, ({ charts }) => charts)],
      ['browser: until everything that Train reads is there', ...figures(browser, ({ everything }) => everything)],
      ['browser: from Train to the rows of Search', ...figures(browser, ({ rows: shown }) => shown)],
      ['browser: until all that was searched is in the table', ...figures(browser, ({ searched }) => searched)],
    ];
    const [{ open, train, search }] = host;
    const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
    const sent = `Over the wire, MB: view ${megabytes(open.bytes)}, curves ${megabytes(train.bytes)} with ${whole(train.points)} points for ${whole(train.total)}, search ${megabytes(search.bytes)}.`;
    console.log(`${textTable(rows)}\n${sent}`);
    if (options.write) write(machine, rows, sent);
  } finally {
    home.remove();
  }
}

function write(machine, rows, sent) {
  const { points, configurations, proposed, shelved, recipe, rounds } = options;
  const kinds = `${whole(configurations - proposed - shelved)} labels of the predictor, ${whole(proposed)} proposals of the search, ${whole(shelved)} measured by hand`;
  putSection(
    join(root, 'docs', 'benchmarks.md'),
    'open',
    `## Opening a large project

\`npm run bench:open -- --write\` makes a project with ${whole(points)} metric points and ${whole(configurations)} measured configurations (${kinds}; the network of \`${recipe}\`), writes this section and removes it again. ${rounds} rounds, each with a fresh process of the host, a fresh browser (Chromium without a GPU) and a window that has drawn its first screen; files lie in the cache of the system. ${new Date().toISOString().slice(0, 10)}, ${machineText(machine).replace(/; 0 threads/, '')}.

${markdownTable(rows)}

${sent}`,
  );
}

await main().finally(cleanUp);
