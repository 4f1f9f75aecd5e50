import { shallowRef, type ShallowRef } from 'vue';
import type { Span } from './decimate.ts';

/** Training steps from one to another, both included. */
export interface StepRange {
  from: number;
  to: number;
}

/** The steps that all charts of one screen show; null = the whole run. */
export type Zoom = ShallowRef<StepRange | null>;

const groups = new Map<string, Zoom>();

/** The zoom of a group of charts; every caller with the same name gets the same one. */
export function useZoom(group: string): Zoom {
  let zoom = groups.get(group);
  if (!zoom) groups.set(group, (zoom = shallowRef(null)));
  return zoom;
}

/** A press of + or - */
export const ZOOM_STEP = 2;
/** A page turns by a little less than what is seen, so that some of it stays in sight. */
export const PAGE = 0.8;
/** px that a press has to move before it chooses a range */
export const LEAST_DRAG = 5;

/** A span `factor` times as narrow, in which `at` keeps its place, held inside `whole`. */
export function narrowed(span: Span, whole: Span, factor: number, at: number): Span {
  const width = Math.min((span.to - span.from) / factor, whole.to - whole.from);
  const share = (at - span.from) / (span.to - span.from || 1);
  return held({ from: at - share * width, to: at + (1 - share) * width }, whole);
}

/** A span moved by a share of its width, held inside `whole`. */
export function turned(span: Span, whole: Span, share: number): Span {
  const by = share * (span.to - span.from);
  return held({ from: span.from + by, to: span.to + by }, whole);
}

function held({ from, to }: Span, whole: Span): Span {
  const by = Math.max(0, whole.from - from) - Math.max(0, to - whole.to);
  return { from: Math.max(whole.from, from + by), to: Math.min(whole.to, to + by) };
}

/** Whether a span leaves nothing of the whole out that could be seen. */
export const isWhole = (span: Span, whole: Span): boolean => span.to - span.from >= 0.995 * (whole.to - whole.from);

/** How much narrower a turn of the wheel with Ctrl makes it: a notch of 100 about a third; above 1 = closer. */
export const wheelFactor = (event: Pick<WheelEvent, 'deltaY' | 'deltaMode'>): number =>
  Math.exp(-Math.max(-400, Math.min(400, event.deltaY * (event.deltaMode === 1 ? 33 : 1))) / 350);
