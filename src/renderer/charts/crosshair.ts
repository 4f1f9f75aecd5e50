import { shallowRef, type ShallowRef } from 'vue';

/** The step that all charts of one screen point at; null = none. */
export type Crosshair = ShallowRef<number | null>;

const groups = new Map<string, Crosshair>();

/** The crosshair of a group of charts; every caller with the same name gets the same one. */
export function useCrosshair(group: string): Crosshair {
  let crosshair = groups.get(group);
  if (!crosshair) groups.set(group, (crosshair = shallowRef(null)));
  return crosshair;
}
