/** Layers and shared tensors of the networks of runs, asked for once each. */
import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { RunView } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import type { NetworkView } from '../../shared/contract/look.ts';
import { host } from './host.ts';
import { networkKey } from './network-key.ts';
import { useProjects } from './projects.ts';

export const useNetworks = defineStore('networks', () => {
  const known = shallowReactive(new Map<string, NetworkView>());
  const problems = shallowReactive(new Map<string, string>());
  const asked = new Set<string>();

  const keyOf = ({ settings }: Pick<RunView, 'settings'>): string => networkKey(settings);

  async function ask(key: string, run: Pick<RunView, 'settings'>): Promise<void> {
    asked.add(key);
    try {
      known.set(key, await host().recipes.network({ recipe: run.settings, project: useProjects().view?.folder }));
      problems.delete(key);
    } catch (error) {
      problems.set(key, toWorkbenchError(error).message);
      asked.delete(key);
    }
  }
  /** The network of a run; null until it is here. Asks for it at the first call. Reactive. */
  function of(run: Pick<RunView, 'settings'> | null): NetworkView | null {
    if (!run) return null;
    const key = keyOf(run);
    const found = known.get(key);
    if (!found && !asked.has(key) && !problems.has(key)) void Promise.resolve().then(() => ask(key, run));
    return found ?? null;
  }
  /** Why the network of a run could not be told. */
  const problemOf = (run: Pick<RunView, 'settings'> | null): string | null => (run ? (problems.get(keyOf(run)) ?? null) : null);

  return { of, problemOf };
});
