/** What the predictors of runs say of configurations, asked for once each. Accuracies are 0..1. */
import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { RunView } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { host } from './host.ts';
import { useProjects } from './projects.ts';

export interface Prediction {
  value: number | null;
  asking: boolean;
  problem: string | null;
}
const UNKNOWN: Prediction = { value: null, asking: false, problem: null };

export const usePredictions = defineStore('predictions', () => {
  const projects = useProjects();
  const known = shallowReactive(new Map<string, Prediction>());

  const place = (run: RunView, key: string): string =>
    [projects.view?.folder, run.id, run.supernet?.weightsDigest, run.predictor?.rmse, key].join('\n');

  /** What is known of a configuration: from the search of the run, from the shelf, or from what was asked. Reactive. */
  function of(run: RunView | null, key: string): Prediction {
    if (!run) return UNKNOWN;
    const asked = known.get(place(run, key));
    if (asked) return asked;
    const candidate = run.candidates.find((each) => each.predicted !== null && configurationKey(each.configuration) === key);
    if (candidate) return { ...UNKNOWN, value: candidate.predicted };
    const entry = projects.view?.shelf.find(
      (each) => each.run === run.id && each.predicted !== null && configurationKey(each.configuration) === key,
    );
    return entry ? { ...UNKNOWN, value: entry.predicted } : UNKNOWN;
  }

  /** Asks for those that are not known; nothing happens before the run has a predictor. */
  async function ask(run: RunView, configurations: readonly Configuration[]): Promise<void> {
    const project = projects.view?.folder;
    if (!project || !run.predictor) return;
    const open = new Map<string, Configuration>();
    for (const configuration of configurations) {
      const key = configurationKey(configuration);
      const { value, asking } = of(run, key);
      if (value === null && !asking) open.set(key, configuration);
    }
    if (open.size === 0) return;
    const keys = [...open.keys()];
    for (const key of keys) known.set(place(run, key), { value: null, asking: true, problem: null });
    try {
      const wanted = JSON.parse(JSON.stringify([...open.values()])) as Configuration[];
      const { predicted } = await host().runs.predict({ project, run: run.id, configurations: wanted });
      keys.forEach((key, index) => known.set(place(run, key), { value: predicted[index], asking: false, problem: null }));
    } catch (error) {
      const { code, message } = toWorkbenchError(error);
      for (const key of keys) {
        if (code === 'connection-lost') known.delete(place(run, key));
        else known.set(place(run, key), { value: null, asking: false, problem: message });
      }
    }
  }
  return { of, ask };
});
