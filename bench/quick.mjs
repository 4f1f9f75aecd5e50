// The key ratios in under three minutes on an idle machine of two cores, against their bounds in bench/bounds.json: ends with an
// error when one is worse by more than the margin.
//   npm run bench:quick -- [--only step,search] [--store]
// --store makes what is measured now the bounds, but for those that are demanded.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHMARKS, runBenchmark } from './benchmarks.mjs';
import { judge } from './report.mjs';
import { bench, textTable } from './runner.mjs';

const file = join(bench, 'bounds.json');
const { values: options } = parseArgs({
  options: { only: { type: 'string', default: BENCHMARKS.map(({ name }) => name).join(',') }, store: { type: 'boolean', default: false } },
});
const stored = JSON.parse(readFileSync(file, 'utf8'));
const wanted = options.only.split(',');
const unknown = wanted.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown) {
  console.error(`There is no benchmark '${unknown}': choose from ${BENCHMARKS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const worse = [];
const rows = [['ratio, lower is better', 'now', 'bound', '']];
let [turns, disturbed] = [0, 0];
for (const { name, quick, demanded } of BENCHMARKS.filter((benchmark) => wanted.includes(benchmark.name))) {
  const found = await runBenchmark(name, quick);
  turns += found.turns;
  disturbed += found.disturbed;
  const bounds = stored.bounds[name];
  if (options.store && !demanded)
    for (const key of Object.keys(bounds)) if (key in found.ratios) bounds[key] = Number(found.ratios[key].toFixed(3));
  const judged = judge(found.ratios, { margin: stored.margin, bounds });
  rows.push(...judged.lines);
  worse.push(...judged.worse);
}
console.log(`\n${textTable(rows)}`);
if (disturbed) console.log(`Other programs worked in ${disturbed} of ${turns} turns: what is measured beside them decides nothing.`);
if (options.store) {
  writeFileSync(file, `${JSON.stringify(stored, null, 2)}\n`);
  console.log(`Stored: ${file}`);
}
for (const sentence of worse) console.error(sentence);
process.exitCode = worse.length ? 1 : 0;
