/** Signal-to-quantization-noise ratios of trained runs: of the weights at once, of the activations when they are asked for. */
import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { RunView } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import type { SensitivityView } from '../../shared/contract/look.ts';
import { host } from './host.ts';
import { useProjects } from './projects.ts';

export interface Sensitivity {
  view: SensitivityView | null;
  /** the activations are being measured */
  measuring: boolean;
  problem: string | null;
}
const NONE: Sensitivity = { view: null, measuring: false, problem: null };

export const useSensitivity = defineStore('sensitivity', () => {
  const projects = useProjects();
  const known = shallowReactive(new Map<string, Sensitivity>());
  const asked = new Set<string>();

  // another training of the run has other weights
  const keyOf = (run: RunView): string => `${projects.view?.folder ?? ''}\n${run.id}\n${run.supernet?.weightsDigest ?? ''}`;
  const hasActivations = (view: SensitivityView | null): boolean => view?.layers.some(({ activations }) => activations !== null) ?? false;

  async function ask(run: RunView, activations: boolean): Promise<void> {
    const key = keyOf(run);
    const project = projects.view?.folder;
    if (!project) return;
    const before = known.get(key) ?? NONE;
    known.set(key, { ...before, measuring: activations, problem: null });
    try {
      const view = await host().runs.sensitivity({ project, run: run.id, activations });
      const now = known.get(key) ?? NONE;
      // the weights may be answered after the activations
      const keep = !activations && hasActivations(now.view);
      known.set(key, { view: keep ? now.view : view, measuring: activations ? false : now.measuring, problem: null });
    } catch (error) {
      const { code, message } = toWorkbenchError(error);
      known.set(key, { ...(known.get(key) ?? NONE), measuring: false, problem: code === 'connection-lost' ? null : message });
      if (!activations) asked.delete(key);
    }
  }

  /** What is known of a run; asks for the weights at the first call, once the supernet is trained. Reactive. */
  function of(run: RunView | null): Sensitivity {
    if (!run || run.phases.supernet.state !== 'done') return NONE;
    const key = keyOf(run);
    const found = known.get(key);
    if (!found && !asked.has(key)) {
      asked.add(key);
      void Promise.resolve().then(() => ask(run, false));
    }
    return found ?? NONE;
  }
  const measureActivations = (run: RunView): Promise<void> => ask(run, true);
  const retry = (run: RunView): Promise<void> => ask(run, false);

  return { of, measureActivations, retry, hasActivations };
});
