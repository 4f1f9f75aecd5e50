/** Dragging, wheel and keys that change what part of its steps a chart shows. */
import { computed, shallowRef, type ComputedRef, type Ref } from 'vue';
import type { Span } from './decimate.ts';
import type { LineSeries } from './line-cache.ts';
import { spanOfSteps, stepOfPlace, type XMapping } from './line-model.ts';
import type { AxisLook } from './parts.ts';
import { clamp, valueAtX, type PlotArea } from './scale.ts';
import { isWhole, LEAST_DRAG, narrowed, PAGE, turned, wheelFactor, ZOOM_STEP, type Zoom } from './zoom.ts';

/** What the last drawing placed where. */
export interface Drawn {
  area: PlotArea;
  x: AxisLook;
  mapping: XMapping;
}

/** Fewest steps that are shown. */
const LEAST_STEPS = 2;

export function useZooming(zoom: ComputedRef<Zoom | null>, drawn: Ref<Drawn | null>, series: () => readonly LineSeries[]) {
  /** px from where to where a press has moved */
  const drag = shallowRef<{ from: number; to: number } | null>(null);
  const chosen = computed(() => {
    if (!drag.value || Math.abs(drag.value.to - drag.value.from) < LEAST_DRAG) return null;
    const { from, to } = drag.value;
    return { from: Math.min(from, to), to: Math.max(from, to) };
  });

  const wholeOf = ({ mapping }: Drawn): Span => ({ from: 0, to: mapping.end });
  // not what was drawn last: keys and wheels may be faster than that
  const spanOf = ({ mapping }: Drawn): Span => spanOfSteps(zoom.value?.value ?? null, mapping, series());

  function show(target: Zoom, now: Drawn, span: Span): void {
    const from = stepOfPlace(span.from, now.mapping, series());
    const to = stepOfPlace(span.to, now.mapping, series());
    if (isWhole(span, wholeOf(now)) || from === null || to === null) target.value = null;
    else target.value = { from, to: Math.max(to, from + LEAST_STEPS) };
  }
  /** @param at place on the x axis that stays where it is */
  function zoomBy(factor: number, at: number): void {
    const now = drawn.value;
    if (!zoom.value || !now) return;
    const span = spanOf(now);
    show(zoom.value, now, narrowed(span, wholeOf(now), factor, clamp(at, span.from, span.to)));
  }
  function turn(share: number): void {
    const now = drawn.value;
    if (zoom.value?.value && now) show(zoom.value, now, turned(spanOf(now), wholeOf(now), share));
  }
  function showAll(): void {
    if (zoom.value) zoom.value.value = null;
  }

  const pixelOf = (event: MouseEvent): number => event.clientX - (event.currentTarget as HTMLElement).getBoundingClientRect().left;
  const held = (pixel: number): number => {
    const area = drawn.value?.area;
    return area ? clamp(pixel, area.left, area.left + area.width) : pixel;
  };

  function onPointerDown(event: PointerEvent): void {
    // a finger scrolls the page
    if (!zoom.value || !drawn.value || event.button !== 0 || event.pointerType === 'touch') return;
    (event.currentTarget as HTMLElement).setPointerCapture?.(event.pointerId);
    const from = held(pixelOf(event));
    drag.value = { from, to: from };
  }
  function onPointerMove(event: PointerEvent): void {
    if (drag.value) drag.value = { ...drag.value, to: held(pixelOf(event)) };
  }
  function onPointerUp(): void {
    const [range, now] = [chosen.value, drawn.value];
    drag.value = null;
    if (!range || !now || !zoom.value) return;
    const place = (pixel: number): number => valueAtX(now.x.scale, now.area, pixel);
    show(zoom.value, now, { from: place(range.from), to: place(range.to) });
  }
  function onWheel(event: WheelEvent): void {
    if (!(event.ctrlKey || event.metaKey) || !zoom.value || !drawn.value) return;
    event.preventDefault();
    zoomBy(wheelFactor(event), valueAtX(drawn.value.x.scale, drawn.value.area, pixelOf(event)));
  }
  /** @param cursor px around which it is zoomed; the middle without it. @returns whether it was a key of the zoom */
  function onKey({ key }: Pick<KeyboardEvent, 'key'>, cursor: number | null): boolean {
    if (!zoom.value || !drawn.value) return false;
    const { area, x } = drawn.value;
    const at = valueAtX(x.scale, area, cursor ?? area.left + area.width / 2);
    if (key === '+' || key === '=') zoomBy(ZOOM_STEP, at);
    else if (key === '-') zoomBy(1 / ZOOM_STEP, at);
    else if (key === 'Escape' && drag.value) drag.value = null;
    // these move the page where there is nothing to turn
    else if (!zoom.value.value) return false;
    else if (key === '0') showAll();
    else if (key === 'PageUp') turn(-PAGE);
    else if (key === 'PageDown') turn(PAGE);
    else return false;
    return true;
  }

  return { chosen, showAll, onPointerDown, onPointerMove, onPointerUp, onWheel, onKey };
}
