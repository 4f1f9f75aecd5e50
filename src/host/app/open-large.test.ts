import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Sample } from '../../shared/contract/job-protocol.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { parseForm } from '../../shared/domain/form.ts';
import type { LayerFacts } from '../../shared/domain/layer-graph.ts';
import { ProjectStore } from '../project-store.ts';
import { scriptedEngine, temporaryFolder, tinyRecipe } from '../testing/project-fixture.ts';
import { OpenProject } from './open-project.ts';
import { readCurves, readMetrics } from './curves.ts';

const POINTS = 24_000;
const LABELS = 2000;
const facts = Array.from({ length: 7 }, (_, i) => ({ name: `conv${i}`, pinned: i === 0 || i === 6 }) as LayerFacts);

/** What is parsed while something is done, in characters. */
function parsed(work: () => void): number {
  const spy = vi.spyOn(JSON, 'parse');
  try {
    work();
    return spy.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
  } finally {
    spy.mockRestore();
  }
}

test('a project is open without a look at its labels and points; these come in two numbers and twelve bytes each', async () => {
  const folder = join(temporaryFolder(), 'large.eqnet');
  const made = await ProjectStore.open(folder);
  const { id } = made.createRun(tinyRecipe(), 'f', scriptedEngine);
  const configuration = uniformConfiguration(facts, 4, parseForm('tss'));
  const samples = Array.from({ length: LABELS }, (_, index): Sample => {
    return { index, repeat: 0, split: 'train', form: 'tss', accuracy: 0.5, images: 100, configuration };
  });
  made.finishPhase(id, 'sample', { samples });
  made.putMetrics(
    id,
    'supernet',
    Array.from({ length: POINTS }, (_, step) => ({ series: 'loss', step, value: step / 2 })),
  );
  made.close();
  const labels = JSON.stringify({ samples }).length;
  expect(labels).toBeGreaterThan(1_000_000);

  const store = await ProjectStore.open(folder);
  const rows = vi.spyOn(store.metricTable, 'series');
  const project = new OpenProject(store, { first: tinyRecipe() }, () => undefined);
  const views: unknown[] = [];
  expect(parsed(() => views.push(project.view()))).toBeLessThan(20_000);
  expect(JSON.stringify(views[0]).length).toBeLessThan(40_000);
  expect(rows).not.toHaveBeenCalled();
  const [block] = await readMetrics(project, id, { prefixes: ['lo'] });
  expect(block).toMatchObject({ count: POINTS, steps: { first: 0, stride: 1 } });
  expect(block.times.length + block.values.length).toBe((POINTS * 12 * 4) / 3);
  const [curve] = await readCurves(project, id, { prefixes: ['lo'] });
  expect(curve).toMatchObject({ series: 'loss', total: POINTS, means: { count: expect.any(Number) } });
  expect(JSON.stringify(curve).length).toBeLessThan(60_000);
  project.close();
});
