/** What the parts of Compare share. */
import { computed, watch } from 'vue';
import { configurationKey } from '../../../shared/domain/configuration.ts';
import { useRouter } from '../../router/router.ts';
import { useApp } from '../../stores/app.ts';
import { useCompare, type Letter } from '../../stores/compare.ts';
import { useMeasuring } from '../../stores/measuring.ts';
import { usePredictions } from '../../stores/predictions.ts';
import { useRuns } from '../../stores/runs.ts';
import { useSelection } from '../../stores/selection.ts';
import { useSensitivity } from '../../stores/sensitivity.ts';
import { storedSettings } from '../../stores/stored-settings.ts';
import { alignedLayers, COST_KINDS, sideOf, type CostKind, type Side } from './model.ts';

export interface CompareSettings {
  cost: CostKind;
  /** letter of the chosen configuration */
  chosen: Letter | null;
}

export function readCompareSettings(stored: unknown): CompareSettings {
  const { cost, chosen } = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  return {
    cost: COST_KINDS.find((each) => each === cost) ?? 'bitOps',
    chosen: typeof chosen === 'string' && /^[ABCD]$/.test(chosen) ? (chosen as Letter) : null,
  };
}

export function useComparison() {
  const app = useApp();
  const compare = useCompare();
  const runs = useRuns();
  const router = useRouter();
  const measuring = useMeasuring();
  const predictions = usePredictions();
  const sensitivities = useSensitivity();
  const selection = useSelection();
  const settings = storedSettings('compare', readCompareSettings);

  const sides = computed<Side[]>(() =>
    compare.entries.map((entry) => {
      const run = runs.byId(entry.run);
      const predicted = predictions.of(run, configurationKey(entry.configuration)).value;
      return sideOf(entry, run, predicted, sensitivities.of(run).view);
    }),
  );
  const baseline = computed(() => sides.value.find(({ entry }) => entry.id === compare.baseline?.id) ?? null);
  const others = computed(() => sides.value.filter((side) => side !== baseline.value));
  const chosen = computed(() => sides.value.find(({ letter }) => letter === settings.chosen) ?? sides.value[0] ?? null);
  const layers = computed(() => alignedLayers(sides.value, baseline.value));
  const differing = computed(() => layers.value.filter(({ differs }) => differs));
  /** with one configuration, or with equal ones, there are no differences to show alone */
  const onlyDifferences = computed(() => compare.differencesOnly && differing.value.length > 0);
  const shown = computed(() => (onlyDifferences.value ? differing.value : layers.value));

  // Predictions that nothing knows yet are asked for, run by run.
  watch(
    () => sides.value.filter(({ predicted, run }) => predicted === null && run?.predictor).map(({ entry, key }) => `${entry.run} ${key}`),
    () => {
      const open = sides.value.filter(({ predicted, run }) => predicted === null && run?.predictor);
      for (const run of new Set(open.map((side) => side.run!)))
        void predictions.ask(
          run,
          open.filter((side) => side.run === run).map(({ entry }) => entry.configuration),
        );
    },
    { immediate: true },
  );

  /** those that have no count of their classes yet */
  const uncounted = computed(() => sides.value.filter(({ measured, run }) => run && !measured?.classes));
  const isMeasuring = (side: Side): boolean => measuring.isMeasuring(side.entry.run, side.key);
  const measureProblems = computed(() =>
    sides.value.flatMap((side) => {
      const job = measuring.jobOf(side.entry.run, side.key);
      return job?.state === 'failed' && job.error ? [`${side.letter}: ${job.error.message}`] : [];
    }),
  );
  /** Measures configurations on the test images of their runs, one job for each run. */
  async function measure(wanted: readonly Side[]): Promise<void> {
    const open = wanted.filter((side) => side.run?.phases.supernet.state === 'done' && !isMeasuring(side));
    await app.attempt(async () => {
      for (const run of new Set(open.map(({ entry }) => entry.run)))
        await measuring.measure(
          run,
          open
            .filter(({ entry }) => entry.run === run)
            .map(({ entry }) => ({
              configuration: entry.configuration,
              name: entry.name,
              candidateId: entry.candidateId,
              shelf: entry.id,
            })),
        );
    });
  }

  const inspect = ({ entry }: Side, layer?: string): void => router.go('inspect', { shelf: entry.id, from: 'compare', layer });
  const exportSide = ({ entry, key }: Side): void => router.go('export', { run: entry.run, key, shelf: entry.id });
  const setBaseline = ({ letter }: Side): Promise<void> => app.attempt(() => compare.setBaseline(letter)).then(() => undefined);
  const takeOut = ({ entry }: Side): Promise<unknown> => app.attempt(() => compare.place(entry.id, null));
  const rename = ({ entry }: Side, name: string): Promise<unknown> => app.attempt(() => compare.update(entry.id, { name }));

  return {
    settings,
    compare,
    selection,
    sides,
    baseline,
    others,
    chosen,
    layers,
    differing,
    onlyDifferences,
    shown,
    uncounted,
    isMeasuring,
    measureProblems,
    measureShare: (side: Side) => measuring.progressOf(side.entry.run, side.key),
    measure,
    inspect,
    exportSide,
    setBaseline,
    takeOut,
    rename,
  };
}
export type Comparison = ReturnType<typeof useComparison>;
