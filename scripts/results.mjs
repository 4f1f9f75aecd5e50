// Runs recipes with several seeds and writes docs/results.md from what the runs measured.
// usage: node scripts/results.mjs [--keep DIR] [--out FILE] [--shared-machine] [RECIPE:SEED,SEED ...]   e.g. mnist-quick:0,1,2 cluttered:0
//   imported-RECIPE    the float network of RECIPE goes out as ONNX and comes in again, and the supernet starts from it; up to the grid
//   --keep DIR         where projects and what was measured are kept; what is there already is not measured again
//   --out FILE         the text, docs/results.md by default
//   --shared-machine   other programs ran beside these measurements, also beside those that are kept: their times are marked
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keptSections } from './lib/kept-sections.mjs';

const PLAN = [
  'mnist-quick:0,1,2',
  'cluttered-quick:0,1,2',
  'mnist:0',
  'cluttered:0',
  'cluttered-resnet20:0',
  'imported-cluttered-resnet20:0',
  'imported-cluttered-mobilenetv2:0',
];
const USAGE = 'usage: node scripts/results.mjs [--keep DIR] [--out FILE] [--shared-machine] [RECIPE:SEED,SEED ...]';
/** Of everything that this program prints as JSON. */
const MAX_BYTES = 2 ** 28;

const root = fileURLToPath(new URL('..', import.meta.url));
const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));
const eqnet = join(root, 'scripts', 'eqnet.mjs');
const program = readJson(root, 'package.json').version;
const machine = `${cpus().length} x ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`;

const IMPORTED = 'imported-';
const isImported = (name) => name.startsWith(IMPORTED);
const baseOf = (name) => (isImported(name) ? name.slice(IMPORTED.length) : name);
const recipeFile = (name) => join(root, 'resources', 'recipes', `${baseOf(name)}.json`);

function fail(text) {
  console.error(text);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { keep: { type: 'string' }, out: { type: 'string' }, 'shared-machine': { type: 'boolean', default: false } },
    });
    const plan = (positionals.length ? positionals : PLAN).map((text) => {
      const match = /^([a-z0-9-]+):(\d+(?:,\d+)*)$/.exec(text);
      if (!match) throw new Error(`'${text}' is not RECIPE:SEED,SEED.`);
      if (!existsSync(recipeFile(match[1]))) throw new Error(`There is no recipe '${match[1]}'.`);
      return { name: match[1], seeds: match[2].split(',').map(Number) };
    });
    return {
      plan,
      keep: values.keep ?? join(root, 'out', 'results'),
      out: values.out ?? join(root, 'docs', 'results.md'),
      sharedMachine: values['shared-machine'],
    };
  } catch (error) {
    return fail(`${error.message}\n${USAGE}`);
  }
}

const { plan, keep, out, sharedMachine } = readArguments();
/** A recipe, or one that starts from the float network of another, which was exported and imported. */
function recipeOf(name, seed) {
  const recipe = { ...readJson(recipeFile(name)), seed };
  if (!isImported(name)) return recipe;
  const evaluation = { ...recipe.evaluation, gridForms: ['tss', 'tsa', 'tas', 'taa', 'css', 'csa', 'cas', 'caa'] };
  return { ...recipe, name, model: { architecture: 'file', file: 'float' }, pretrain: { epochs: 0 }, evaluation };
}

/** Why a kept measurement does not belong to this program and recipe; null when it does. */
function outdated(entry, name, seed) {
  if (entry.program !== program) return `was measured by version ${entry.program ?? 'unknown'} of the program, not by ${program}`;
  if (!existsSync(recipeFile(name))) return 'belongs to a recipe that is no more';
  return JSON.stringify(entry.recipe) === JSON.stringify(recipeOf(name, seed)) ? null : 'was measured with another version of its recipe';
}

/** What `eqnet` prints with --json. */
const eqnetJson = (...argv) => JSON.parse(execFileSync(process.execPath, [eqnet, ...argv, '--json'], { maxBuffer: MAX_BYTES }));

/** Exports a configuration drawn with a form for each layer, on the supernet of a finished run. */
function exportRandom(project, name, seed, run) {
  const file = (ending) => join(keep, `${name}-${seed}.random.${ending}`);
  const drawn = seed + 1;
  console.log(`${name}, seed ${seed}: exporting random configuration ${drawn}`);
  const which = ['--run', run.id];
  eqnetJson('config', project, '--random', String(drawn), '--forms', 'layer', '--out', file('json'), ...which);
  const argv = ['--config', file('json'), '--format', 'onnx', '--out', file('onnx'), ...which];
  const { proof, bytes, averageWeightBits, averageActivationBits } = eqnetJson('export', project, ...argv);
  return { seed: drawn, proof, bytes, averageWeightBits, averageActivationBits };
}

/** Runs the program with its output shown; ends this one where it fails. */
function eqnetShown(...argv) {
  const { status } = spawnSync(process.execPath, [eqnet, ...argv], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Makes a project whose model `float` is the ONNX file of the float network that a recipe trains. */
function importFloat(project, name, seed) {
  const base = join(keep, `${baseOf(name)}-${seed}`);
  const file = join(keep, `${name}-${seed}.float.onnx`);
  if (!existsSync(`${base}.eqnet`)) {
    writeFileSync(`${base}.recipe.json`, JSON.stringify(recipeOf(baseOf(name), seed), null, 2));
    eqnetShown('run', `${base}.recipe.json`, '--project', `${base}.eqnet`, '--until', 'pretrain');
  }
  eqnetShown('model', 'export', `${base}.eqnet`, '--out', file);
  eqnetShown('model', 'import', file, '--name', 'float', '--project', project);
}

/** Adds to a kept measurement what it lacks. */
function complete(kept, project, name, seed) {
  const entry = readJson(kept);
  const added = {};
  if (sharedMachine && !entry.sharedMachine) added.sharedMachine = true;
  if (!entry.random) {
    if (existsSync(project)) added.random = exportRandom(project, name, seed, entry.run);
    else console.error(`${project} is gone, so the random configuration of ${name}, seed ${seed}, cannot be exported: left out.`);
  }
  if (Object.keys(added).length) writeFileSync(kept, JSON.stringify({ ...entry, ...added }));
}

mkdirSync(keep, { recursive: true });
for (const { name, seeds } of plan) {
  for (const seed of seeds) {
    const project = join(keep, `${name}-${seed}.eqnet`);
    const kept = join(keep, `${name}-${seed}.json`);
    if (existsSync(kept)) {
      const reason = outdated(readJson(kept), name, seed);
      if (reason) fail(`${kept} ${reason}: delete it and ${project} to measure again.`);
      complete(kept, project, name, seed);
      continue;
    }
    const recipe = recipeOf(name, seed);
    const file = join(keep, `${name}-${seed}.recipe.json`);
    writeFileSync(file, JSON.stringify(recipe, null, 2));
    const resumed = existsSync(project);
    if (isImported(name) && !resumed) importFloat(project, name, seed);
    const started = performance.now();
    const until = isImported(name) ? ['--until', 'grid'] : [];
    eqnetShown('run', file, '--project', project, ...(resumed ? ['--resume'] : []), ...until);
    // Of a resumed run only the last part was seen here.
    const wallSeconds = resumed ? null : (performance.now() - started) / 1000;
    const run = eqnetJson('show', project).runs.at(-1);
    writeFileSync(kept, JSON.stringify({ program, machine, wallSeconds, recipe, run }));
    complete(kept, project, name, seed);
  }
}

const validation = (candidate) => candidate.validationAccuracy;
const test = (candidate) => candidate.measured;
const interval = (candidate) => candidate.interval;
const signed = (value) => `${value > 0 ? '+' : ''}${percent(value)}`;
const versus = (paired) => (paired ? `${signed(paired.difference)} (${paired.interval.map(signed).join(' to ')})` : 'none');
const percent = (value) => (100 * value).toFixed(2);
const runs = readdirSync(keep)
  .flatMap((file) => {
    const match = /^([a-z0-9-]+)-(\d+)\.json$/.exec(file);
    if (!match) return [];
    const [, name, seed] = match;
    const entry = readJson(keep, file);
    const reason = outdated(entry, name, Number(seed));
    if (reason) console.error(`${join(keep, file)} ${reason}: left out.`);
    return reason ? [] : [{ ...entry, name, seed: Number(seed) }];
  })
  .sort((a, b) => a.name.localeCompare(b.name) || a.seed - b.seed);
const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
/** The exported files of a run: those of its recipe, then the random one. */
function exportsOf({ seed, run, random }) {
  const bundled = run.exports.flatMap(({ candidateId, bytes, proof }) => {
    if (candidateId === null) return [];
    const uniform = /^(\d)\/uniform\/(\w+)$/.exec(candidateId);
    const costs = run.candidates.find(({ id }) => id === candidateId)?.costs;
    const bits = costs ? [costs.averageWeightBits, costs.averageActivationBits] : uniform ? [Number(uniform[1]), Number(uniform[1])] : null;
    return [{ seed, what: uniform ? `uniform ${uniform[1]} bit, ${uniform[2]}` : `searched, ${candidateId}`, bits, bytes, proof }];
  });
  if (!random) return bundled;
  const bits = [random.averageWeightBits, random.averageActivationBits];
  return [...bundled, { seed, what: `random mixed ${random.seed}`, bits, bytes: random.bytes, proof: random.proof }];
}

/** The commands for one run, with the recipe's own seed. */
function byHand(name) {
  if (!isImported(name)) return `by hand \`npm run eqnet -- run ${name} --project ${name}.eqnet\` (the recipe's own seed)`;
  const commands = [
    `run ${baseOf(name)} --project float.eqnet --until pretrain`,
    'model export float.eqnet --out float.onnx',
    `model import float.onnx --project ${name}.eqnet`,
    `run mine.json --project ${name}.eqnet --until grid`,
  ];
  const recipe = `\`mine.json\` is the recipe \`${baseOf(name)}\` with \`"model": { "architecture": "file", "file": "float" }\`, \`"pretrain": { "epochs": 0 }\` and all eight forms in \`evaluation.gridForms\``;
  return `by hand, each behind \`npm run eqnet -- \`: ${commands.map((command) => `\`${command}\``).join(', ')}, where ${recipe}. The float network was not trained in this run: it is the imported file`;
}

const lines = [];
const say = (...text) => lines.push(...text, '');

say('# Results');
say(
  'Every number here was measured by the command that stands above it. Accuracies are top-1 in % on the 10,000 test images, after the offsets were ' +
    'snapped to integer zero points and the BN statistics re-estimated from one batch of 1,024 training images; one standard error is about 0.1 points ' +
    'near 99 % and 0.27 points near 92 %. First and last layer have 8 bits. A form is granularity (t per tensor, c per channel), weights, activations (s symmetric, a asymmetric).',
);
const machines = [...new Set(runs.map((entry) => entry.machine))];
say(`Version ${program}. Machine${machines.length > 1 ? 's' : ''}: ${machines.join('; ')}. The engine of a run stands in its table.`);
say('`node scripts/results.mjs` runs everything below and writes this file.');
if (runs.some((entry) => entry.sharedMachine)) {
  say(
    'Times with a star are those of a shared machine: other programs ran beside the measurement and had a part of its processors, so they are upper ' +
      'bounds. Everything else does not depend on that.',
  );
}
for (const name of new Set(runs.map((entry) => entry.name))) {
  const own = runs.filter((entry) => entry.name === name);
  say(`## ${name}`);
  const seeds = own.map(({ seed }) => seed).join(',');
  say(`\`node scripts/results.mjs ${name}:${seeds}\`; ${byHand(name)}.`);
  say(
    table(
      ['seed', 'engine', 'float', 'start to end, s', 'sum of phases, s', 'slowest phases, s', 'digest'],
      own.map(({ seed, run, wallSeconds, sharedMachine: shared }) => {
        const phases = Object.entries(run.phases).map(([phase, { seconds }]) => [phase, seconds ?? 0]);
        const total = phases.reduce((sum, [, seconds]) => sum + seconds, 0);
        const slow = phases
          .sort((a, b) => b[1] - a[1])
          .slice(0, 4)
          .map(([phase, seconds]) => `${phase} ${Math.round(seconds)}`);
        const { executor, version, gpu } = run.engine;
        const star = shared ? '*' : '';
        const wall = wallSeconds === null ? 'resumed' : `${Math.round(wallSeconds)}${star}`;
        return [
          seed,
          `${executor} (${version}${gpu ? ', GPU' : ''})`,
          percent(run.float.accuracy),
          wall,
          `${Math.round(total)}${star}`,
          `${slow.join(', ')}${star}`,
          run.digest ? `\`${run.digest.slice(0, 12)}\`` : 'of the whole run only',
        ];
      }),
    ),
  );
  const bits = [...new Set(own[0].run.grid.map((cell) => cell.weightBits))].sort((a, b) => a - b);
  const forms = [...new Set(own[0].run.grid.map((cell) => cell.form))];
  const cell = (run, form, bit) => run.grid.find((entry) => entry.form === form && entry.weightBits === bit).accuracy;
  say(`Accuracy by bits (weights and activations)${own.length > 1 ? `, mean of ${own.length} seeds (lowest)` : ''}:`);
  say(
    table(
      ['form', ...bits.map((bit) => `${bit} bit`)],
      forms.map((form) => [
        form,
        ...bits.map((bit) => {
          const values = own.map(({ run }) => cell(run, form, bit));
          const mean = values.reduce((a, b) => a + b) / values.length;
          return own.length > 1 ? `${percent(mean)} (${percent(Math.min(...values))})` : percent(mean);
        }),
      ]),
    ),
  );
  const searched = own.filter(({ run }) => run.predictor);
  if (searched.length) {
    say('Predictor (held-out configurations) and search:');
    say(
      table(
        [
          'seed',
          '2 bit, calibration only',
          'Kendall',
          'Pearson',
          'RMSE / label deviation, points',
          'ridge Kendall',
          'Kendall of two measurements (other images)',
          'Kendall on other images',
          'searched 3 bit / uniform 3 bit',
          'searched - uniform, 95 % interval, points',
        ],
        searched.map(({ seed, run }) => {
          const round = (value) => (value === null || value === undefined ? 'none' : value.toFixed(2));
          const { predictor } = run;
          const chosen = run.candidates
            .filter((entry) => entry.target === 3 && entry.rank !== 'uniform')
            .sort((a, b) => validation(b) - validation(a))[0];
          const uniform =
            chosen && run.candidates.find((entry) => entry.rank === 'uniform' && entry.target === 3 && entry.form === chosen.form);
          return [
            seed,
            run.calibrationOnly.map((entry) => `${entry.form} ${percent(entry.accuracy)}`).join(', '),
            round(predictor.kendall),
            round(predictor.pearson),
            `${round(100 * predictor.rmse)} / ${round(100 * predictor.labelDeviation)}`,
            round(predictor.ridge.kendall),
            round(predictor.noiseCeiling?.kendall),
            round(predictor.repeatScore?.kendall),
            chosen && uniform
              ? `${percent(test(chosen))} (${interval(chosen).map(percent).join(' - ')}) / ${percent(test(uniform))} ${chosen.form}`
              : 'none',
            versus(chosen?.versusUniform),
          ];
        }),
      ),
    );
  }
  const proofs = own.flatMap(exportsOf);
  if (!proofs.length) continue;
  const { runtime, images } = proofs[0].proof;
  say(
    `ONNX files, run in ${runtime} on ${images.toLocaleString('en-US')} test images and compared with this program. The random configuration has bits and a form ` +
      `drawn for each layer; by hand \`npm run eqnet -- config ${name}.eqnet --random SEED --forms layer --out mixed.json\` and ` +
      `\`npm run eqnet -- export ${name}.eqnet --config mixed.json --out mixed.onnx\`.`,
  );
  say(
    table(
      [
        'seed',
        'configuration',
        'average bits, weights / activations',
        'kB',
        'same top-1',
        'largest logit gap',
        'accuracy there / here',
        'proof',
      ],
      proofs.map(({ seed, what, bits, bytes, proof }) => [
        seed,
        what,
        bits ? bits.map((value) => value.toFixed(2)).join(' / ') : '',
        (bytes / 1000).toFixed(0),
        percent(proof.top1Agreement),
        proof.maxLogitGap === 0 ? '0' : proof.maxLogitGap.toExponential(1),
        `${percent(proof.accuracyRuntime)} / ${percent(proof.accuracyApp)}`,
        proof.passed ? 'passed' : '**failed**',
      ]),
    ),
  );
}
// `npm run measure:app` and `npm run bench:large` write sections of their own
writeFileSync(out, `${[lines.join('\n').trimEnd(), ...keptSections(out)].join('\n\n')}\n`);
console.log(`${out}: ${runs.length} runs`);
