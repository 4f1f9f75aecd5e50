/** Weights of one layer with the grid of a choice of bits and form, asked for anew at each checkpoint. */
import { ref, shallowRef, watch } from 'vue';
import { toWorkbenchError } from '../../../shared/contract/client.ts';
import type { LayerView } from '../../../shared/contract/look.ts';
import type { Granularity, Symmetry } from '../../../shared/domain/form.ts';
import { host } from '../../stores/host.ts';

export interface LayerQuestion {
  project: string;
  run: string;
  layer: string;
  bits: number;
  granularity: Granularity;
  symmetry: Symmetry;
}

const BINS = 80;

/**
 * @param question null while there is no checkpoint to read
 * @param stamp changes with every new checkpoint
 */
export function useLayerWeights(question: () => LayerQuestion | null, stamp: () => string) {
  const view = shallowRef<LayerView | null>(null);
  const problem = ref<string | null>(null);
  let asked = 0;

  watch(
    () => JSON.stringify([question(), stamp()]),
    async () => {
      const wanted = question();
      const mine = ++asked;
      if (!wanted) {
        view.value = null;
        problem.value = null;
        return;
      }
      // another layer's weights under this one's name would be wrong
      if (view.value && view.value.layer !== wanted.layer) view.value = null;
      try {
        const found = await host().runs.layer({ ...wanted, bins: BINS });
        if (mine !== asked) return;
        view.value = found;
        problem.value = null;
      } catch (error) {
        if (mine !== asked) return;
        const { code, message } = toWorkbenchError(error);
        view.value = null;
        // the status bar tells of a lost connection
        problem.value = code === 'connection-lost' ? null : message;
      }
    },
    { immediate: true },
  );
  return { view, problem };
}
