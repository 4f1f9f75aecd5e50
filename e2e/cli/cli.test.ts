import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { formKey } from '../../src/shared/domain/form.ts';
import { SHAPES, type Shape, type ShapeOf } from './shapes.ts';
import { ENGINES, Eqnet, eqnet, eqnetJson, failure, onlyObject, RUN_TIMEOUT, sharedFolder, workerPid } from './testkit.ts';

const documentation = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

/** Runs a command and checks what it prints against its documented shape. */
async function documented<S extends Shape>(command: S, ...argv: string[]): Promise<ShapeOf<S>> {
  return SHAPES[command].parse(await eqnetJson([command, ...argv])) as ShapeOf<S>;
}

function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
}

describe.each(ENGINES)('$title', ({ executor, installed }) => {
  const folder = sharedFolder();
  const project = join(folder, 'digits.eqnet');
  const file = (name: string) => join(folder, name);
  let run: ShapeOf<'run'>['run'];

  beforeAll(async () => {
    if (!installed) return;
    ({ run } = await documented('run', 'tiny', '--project', project, '--engine', executor));
  }, RUN_TIMEOUT);

  describe.skipIf(!installed)('a whole run', () => {
    test('does every phase and learns something', () => {
      expect(run).toMatchObject({ id: 'tiny-1', recipe: 'tiny', state: 'done', error: null, engine: { executor } });
      expect(Object.values(run.phases).map(({ state }) => state)).toEqual(Array(9).fill('done'));
      expect(run.images).toEqual({ train: 600, validation: 200, test: 200 });
      // 73 % on both engines; 50 % is five times chance, and more than six deviations of 200 images away
      expect(run.float?.accuracy).toBeGreaterThan(0.5);
      expect(run.grid).toHaveLength(4);
      for (const { accuracy, images } of run.grid) {
        expect(images).toBe(200);
        expect(accuracy).toBeGreaterThan(0.5);
      }
      expect(run.predictor).toMatchObject({ samples: 6, trainSamples: 8, heldOutKind: 'random' });
      expect(run.predictor?.heldOut).toHaveLength(6);
      expect(run.candidates.some(({ rank }) => rank === 'uniform')).toBe(true);
      expect(run.front.length).toBeGreaterThan(0);
      const costs = run.front.map(({ costs: { bitops } }) => bitops);
      expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    });

    test('exports two files that compute the same in another runtime', () => {
      expect(run.exports.map(({ candidateId }) => candidateId?.split('/')[1] === 'uniform')).toEqual([false, true]);
      for (const { file: path, bytes, proof, configuration } of run.exports) {
        expect(statSync(path).size).toBe(bytes);
        expect(configuration?.layers).toHaveLength(run.network!.layers.length);
        expect(proof.images).toBe(200);
        // both add up the same integers, but in another order and in float32: a value on the border of two codes may round
        // the other way, which moves the logits of that image a little
        expect(proof.meanLogitGap).toBeLessThan(1e-3);
        expect(proof.top1Agreement).toBeGreaterThanOrEqual(0.99);
        expect(Math.abs(proof.accuracyRuntime - proof.accuracyApp)).toBeLessThanOrEqual(0.01);
      }
    });

    test('show prints the same run, in both forms', async () => {
      const { project: about, runs } = await documented('show', project);
      expect(about).toMatchObject({ name: 'digits', folder: project });
      expect(runs).toEqual([run]);
      const { out, err } = await eqnet(['show', project]);
      expect(err).toBe('');
      expect(out).toContain(`digest ${run.digest}`);
    });

    test('every field that is printed is in docs/cli.md', () => {
      const unknown = new Set(fieldsOf(run).filter((name) => !documentation.includes(`"${name}"`)));
      expect([...unknown]).toEqual([]);
    });

    test('config and eval measure what the grid measured', async () => {
      const config = await documented('config', project, '--uniform', '4', '--granularity', 'tensor', '--out', file('four.json'));
      expect(config).toMatchObject({ file: file('four.json'), averageWeightBits: 4, averageActivationBits: 4 });
      const evaluated = await documented('eval', project, '--config', file('four.json'));
      const cell = run.grid.find(({ form, weightBits }) => form === 'tss' && weightBits === 4)!;
      expect(evaluated).toMatchObject({ run: 'tiny-1', accuracy: cell.accuracy, images: 200, bitops: config.bitops });
      expect(await documented('eval', project, '--config', file('four.json'), '--images', '50')).toMatchObject({ images: 50 });
    });

    test('config --random draws a mixture with a form for each layer, and its exported file computes the same', async () => {
      const draw = ['--random', '1', '--forms', 'layer', '--out', file('mixed.json')];
      const drawn = await documented('config', project, ...draw);
      expect(await documented('config', project, ...draw)).toEqual(drawn);
      expect(new Set(drawn.configuration.layers.map(formKey)).size).toBeGreaterThan(1);
      const exported = await documented('export', project, '--config', file('mixed.json'), '--out', file('mixed.onnx'));
      expect(exported.proof.top1Agreement).toBeGreaterThanOrEqual(0.99);
    });

    test('show --metrics prints every series, one line a point', async () => {
      const { run: id, series } = SHAPES.metrics.parse(await eqnetJson(['show', project, '--metrics']));
      expect(id).toBe('tiny-1');
      const loss = series.find(({ name }) => name === 'pretrain/loss')!;
      expect(loss.steps).toEqual(loss.steps.toSorted((a, b) => a - b));
      const { out } = await eqnet(['show', project, '--metrics', 'pretrain/loss']);
      expect(out.split('\n')).toHaveLength(loss.steps.length + 2);
      expect(out).toContain(`pretrain/loss,${loss.steps[0]},${loss.values[0]}\n`);
    });

    test('config --from-front and eval measure what the run measured', async () => {
      const [best] = run.front;
      const { configuration } = await documented('config', project, '--from-front', best.id, '--out', file('front.json'));
      expect(configuration).toEqual(best.configuration);
      const evaluated = await documented('eval', project, '--config', file('front.json'), '--images', String(best.measuredImages));
      expect(evaluated).toMatchObject({ ...best.costs, accuracy: best.measured, interval: best.interval });
    });

    test('search finds configurations under the averages asked for', async () => {
      const argv = ['--weights', '4', '--activations', '3.5', '--form', 'csa', '--out', file('best.json')];
      const { candidates, best, forms } = await documented('search', project, ...argv);
      expect(forms).toEqual(['csa']);
      expect(candidates.map(({ id }) => id)).toContain(best);
      for (const { costs } of candidates) {
        expect(costs.averageWeightBits).toBeGreaterThan(3.5);
        expect(costs.averageWeightBits).toBeLessThanOrEqual(4);
        expect(costs.averageActivationBits).toBeGreaterThan(3);
        expect(costs.averageActivationBits).toBeLessThanOrEqual(3.5);
      }
      expect(JSON.parse(readFileSync(file('best.json'), 'utf8'))).toEqual(candidates.find(({ id }) => id === best)!.configuration);
    });

    test('export writes a file, proves it, and show lists it', async () => {
      await documented('config', project, '--uniform', '3', '--activation-symmetry', 'asymmetric', '--out', file('three.json'));
      const argv = ['--config', file('three.json'), '--format', 'onnx', '--out', file('three.onnx')];
      const exported = await documented('export', project, ...argv);
      expect(exported).toMatchObject({ file: file('three.onnx'), bytes: statSync(file('three.onnx')).size });
      expect(exported.proof.top1Agreement).toBeGreaterThanOrEqual(0.99);
      expect(exported.proof.accuracyApp).toBe(exported.accuracy);
      const { runs } = await documented('show', project);
      expect(runs[0].exports.at(-1)).toMatchObject({ candidateId: null, file: file('three.onnx'), proof: exported.proof });
      expect(runs[0].digest).toBe(run.digest);
    });

    test('the float network goes out as ONNX, comes in again in another project, and is as accurate there', async () => {
      const exported = await eqnetJson(['model', 'export', project, '--out', file('float.onnx')]);
      expect(exported).toMatchObject({ check: { agreement: 1 } });
      const other = file('imported.eqnet');
      await eqnetJson(['model', 'import', file('float.onnx'), '--project', other]);
      const tiny = (await eqnetJson(['recipes', 'tiny'])) as { recipe: object };
      const recipe = { ...tiny.recipe, name: 'imported', model: { architecture: 'file', file: 'float' }, pretrain: { epochs: 0 } };
      writeFileSync(file('imported.json'), JSON.stringify(recipe));
      await eqnetJson(['run', file('imported.json'), '--project', other, '--until', 'pretrain', '--engine', executor]);
      const { runs } = await documented('show', other);
      expect(runs[0].float).toEqual(run.float);
    });

    test('profile measures a step without a project, and prints what is documented', async () => {
      const argv = ['tiny', '--batch', '8', '--repeat', '1', '--threads', '1', '--engine', executor];
      const found = await documented('profile', ...argv);
      expect(found).toMatchObject({
        batch: 8,
        repeat: 1,
        engine: { executor, threads: 1 },
        network: { name: 'small-cnn', image: [28, 28, 1] },
      });
      expect([...new Set(fieldsOf(found).filter((name) => !documentation.includes(`"${name}"`)))]).toEqual([]);
    });

    test('the same recipe gives the same digest, also when its worker is killed on the way', { timeout: RUN_TIMEOUT }, async () => {
      const again = ['run', 'tiny', '--project', project, '--engine', executor];
      const killed = new Eqnet([...again, '--json']);
      await killed.reaches(project, (store) => (store.runs()[1] ? store.metrics('tiny-2', 'supernet/rate').length > 2 : false));
      process.kill(workerPid(project), 'SIGKILL');
      expect(failure(await killed.ended, 'worker-died')).toMatch(/^The worker was ended by SIGKILL .*run again with --resume\.$/);
      expect(failure(await eqnet(again), 'usage')).toMatch(/^Run tiny-2 of this recipe is not finished: add --resume/);
      const { run: resumed } = await documented('run', ...again.slice(1), '--resume');
      expect(resumed).toMatchObject({ id: 'tiny-2', state: 'done', digest: run.digest });
    });

    test('--from does a phase again; --resume of a finished run changes nothing', { timeout: RUN_TIMEOUT }, async () => {
      const redone = await eqnet(['run', 'tiny', '--project', project, '--engine', executor, '--from', 'predictor', '--json']);
      const { run: latest } = SHAPES.run.parse(onlyObject(redone));
      expect(latest).toMatchObject({ id: 'tiny-2', state: 'done', digest: run.digest });
      expect(redone.err).toContain('[5/9] sample was done before');
      expect(redone.err).toMatch(/\[6\/9\] predictor done in/);
      const before = statSync(latest.exports[0].file).mtimeMs;
      const resumed = await eqnet(['run', 'tiny', '--project', project, '--engine', executor, '--resume', '--json']);
      expect(SHAPES.run.parse(onlyObject(resumed)).run).toEqual(latest);
      expect(resumed.err).toContain('is finished already');
      expect(statSync(latest.exports[0].file).mtimeMs).toBe(before);
      expect(existsSync(join(project, 'project.lock.json'))).toBe(false);
    });
  });
});
