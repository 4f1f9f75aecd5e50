/** What is pointed at, shared by all views: a layer, a training step. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useProjects } from './projects.ts';
import { useRuns } from './runs.ts';

export const useSelection = defineStore('selection', () => {
  const runs = useRuns();
  const projects = useProjects();
  /** layer under the pointer; null = none */
  const hoveredLayer = ref<string | null>(null);
  /** layer that was chosen */
  const selectedLayer = ref<string | null>(null);
  /** training step under the pointer of any chart; null = none */
  const step = ref<number | null>(null);
  const layer = computed(() => hoveredLayer.value ?? selectedLayer.value);
  /** quantized layers of the shown run, else of the draft, in network order */
  const layers = computed<readonly string[]>(() =>
    (runs.current?.network?.layers ?? projects.network?.layers ?? []).map(({ name }) => name),
  );

  /** Goes on to a neighbour, round the ends. */
  function move(by: 1 | -1): void {
    const names = layers.value;
    if (names.length === 0) return;
    const at = selectedLayer.value === null ? -1 : names.indexOf(selectedLayer.value);
    const next = at < 0 ? (by > 0 ? 0 : names.length - 1) : (at + by + names.length) % names.length;
    selectedLayer.value = names[next];
  }

  return { hoveredLayer, selectedLayer, layer, layers, step, move };
});
