import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, nextTick, shallowRef } from 'vue';
import type { RunView } from '../../../shared/contract/api/views.ts';
import type { SearchPoints } from '../../../shared/contract/look.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { useSearchRows } from './use-search-rows.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const layers = ['a', 'b', 'c'].map(
  (name) =>
    ({ name, pinned: name !== 'b', kind: 'conv', weights: 1000, parameters: 1000, macs: 1e6, inputElements: 100 }) as unknown as LayerFacts,
);
const round = (...points: [bits: number, predicted: number][]): SearchPoints =>
  ({ points: points.map(([bits, predicted]) => ({ key: `tss:88-${bits}${bits}-88`, predicted })) }) as SearchPoints;

test('what the host kept of a search takes the place of what came live in one go', async () => {
  const rounds = shallowRef<SearchPoints[]>([round([3, 0.5], [4, 0.6])]);
  const scope = effectScope();
  const { rows, busy } = scope.run(() =>
    useSearchRows({
      folder: () => '/project',
      run: () => ({ id: 'r', candidates: [] }) as unknown as RunView,
      layers: () => layers,
      rounds: () => rounds.value,
      found: () => [],
      shelf: () => [],
    }),
  )!;
  const predicted = (): (number | null)[] => rows.value.map((row) => row.predicted);
  await vi.runAllTimersAsync();
  expect(predicted()).toEqual([0.5, 0.6]);

  rounds.value = [round([3, 0.5], [4, 0.6]), round([5, 0.7])];
  await nextTick();
  expect([busy.value, predicted()]).toEqual([true, [0.5, 0.6]]);
  await vi.runAllTimersAsync();
  expect([busy.value, predicted()]).toEqual([false, [0.5, 0.6, 0.7]]);
  scope.stop();
});
