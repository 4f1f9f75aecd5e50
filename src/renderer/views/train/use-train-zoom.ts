/** What part of the steps the charts of the Train screen show, and the points of it. */
import { computed, onScopeDispose, watch, type ComputedRef } from 'vue';
import type { XUnit } from '../../charts/line-model.ts';
import { useZoom, type StepRange } from '../../charts/zoom.ts';
import { useApp } from '../../stores/app.ts';
import { useRuns } from '../../stores/runs.ts';
import { rangeIn, type CurveSource } from './curves.ts';
import { FineLoader } from './fine-loader.ts';
import { isCurve } from './train-series.ts';
import { TRAININGS, type Training } from './train-state.ts';

export const zoomGroup = (training: Training): string => `train ${training}`;

export function useTrainZoom(
  sources: ComputedRef<CurveSource[]>,
  now: { training: () => Training; unit: () => XUnit; isLoading: () => boolean },
) {
  const app = useApp();
  const runs = useRuns();
  const zoom = computed<StepRange | null>({
    get: () => useZoom(zoomGroup(now.training())).value,
    set: (range) => {
      useZoom(zoomGroup(now.training())).value = range;
    },
  });

  /** runs that have finer points: not always those that are shown now */
  const refined = new Set<string>();
  const loader = new FineLoader({
    bring: async (range) => {
      const brought = sources.value.map((source) => {
        const own = rangeIn(source, sources.value[0], range, { training: now.training(), unit: now.unit() });
        const names = source.names.filter((name) => isCurve(now.training(), name));
        refined.add(source.run);
        return runs.curves.refine(source.run, names, own);
      });
      return (await Promise.all(brought)).every(Boolean);
    },
    forget: () => {
      for (const run of refined) runs.curves.coarsen(run);
      refined.clear();
    },
    fail: (error) => app.fail(error),
  });
  watch(zoom, (range) => loader.want(range));
  watch([() => sources.value.map(({ run }) => run).join(' '), now.training, now.isLoading], () => loader.reset());
  const showAll = (): void => {
    for (const training of TRAININGS) useZoom(zoomGroup(training)).value = null;
  };
  // another run has other steps
  watch(() => sources.value[0]?.run, showAll);
  onScopeDispose(() => {
    // the watch of the zoom has stopped by now
    loader.want(null);
    showAll();
  });
  return zoom;
}
