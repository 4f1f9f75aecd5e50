// All benchmarks: tables into docs/benchmarks.md, everything that was measured into bench/results/benchmarks.json.
//   npm run bench -- [--only step,search] [-- options of the benchmarks]
// With --only the others keep what they had. Options behind a second `--` go to each one that is run, e.g. `-- --rounds 3`.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHMARKS, runBenchmark } from './benchmarks.mjs';
import { bench, root } from './runner.mjs';
import { replaceSection, sectionText } from './report.mjs';

const document = join(root, 'docs', 'benchmarks.md');
const results = join(bench, 'results', 'benchmarks.json');
const names = BENCHMARKS.map(({ name }) => name);

const { values, positionals } = parseArgs({ options: { only: { type: 'string', default: names.join(',') } }, allowPositionals: true });
const wanted = values.only.split(',');
const unknown = wanted.find((name) => !names.includes(name));
if (unknown) {
  console.error(`There is no benchmark '${unknown}': choose from ${names.join(', ')}.`);
  process.exit(2);
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

// What is wrong with the document is told before the machine has worked for half an hour.
replaceSection(readFileSync(document, 'utf8'), '');
const found = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {};
for (const name of wanted) {
  found[name] = { ...(await runBenchmark(name, positionals)), options: positionals };
  // Kept after each one: the next may fail.
  write(results, `${JSON.stringify(found, null, 2)}\n`);
  write(document, replaceSection(readFileSync(document, 'utf8'), sectionText(BENCHMARKS, found)));
}
console.log(`Written: ${document} and ${results}`);
