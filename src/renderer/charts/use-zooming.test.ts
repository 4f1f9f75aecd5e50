import { describe, expect, it } from 'vitest';
import { computed, shallowRef } from 'vue';
import { mapX } from './line-model.ts';
import { useZooming, type Drawn } from './use-zooming.ts';
import type { StepRange } from './zoom.ts';

/** A plot of 1,000 steps, 10 of them for each px. */
function setUp(range: StepRange | null = null) {
  const zoom = shallowRef(range);
  const mapping = mapX('step', [], { steps: 1000 });
  const drawn = shallowRef<Drawn | null>({
    area: { left: 50, top: 10, width: 100, height: 80 },
    x: { scale: { min: range?.from ?? 0, max: range?.to ?? 1000, log: false }, ticks: [], format: String },
    mapping,
  });
  const zooming = useZooming(
    computed(() => zoom),
    drawn,
    () => [],
  );
  const plot = document.createElement('div');
  const at = <Event extends MouseEvent>(Kind: new (type: string, init: object) => Event, x: number, more: object = {}): Event => {
    const event = new Kind('x', { clientX: x, button: 0, cancelable: true, ...more });
    // the page of the tests knows no place of a wheel, and no keys held down
    for (const [name, value] of Object.entries({ currentTarget: plot, clientX: x, ...more })) Object.defineProperty(event, name, { value });
    return event;
  };
  const press = (key: string, cursor: number | null = null): boolean => zooming.onKey({ key }, cursor);
  return { zoom, drawn, zooming, at, press };
}

describe('keys', () => {
  it.each<[string, string, StepRange | null, number | null, StepRange | null]>([
    ['closer in the middle', '+', null, null, { from: 250, to: 750 }],
    ['closer without Shift', '=', null, null, { from: 250, to: 750 }],
    ['closer around the crosshair', '+', null, 70, { from: 100, to: 600 }],
    ['further', '-', { from: 400, to: 500 }, null, { from: 350, to: 550 }],
    ['further than everything', '-', { from: 100, to: 800 }, null, null],
    ['all of it', '0', { from: 400, to: 500 }, null, null],
    ['later', 'PageDown', { from: 400, to: 500 }, null, { from: 480, to: 580 }],
    ['earlier', 'PageUp', { from: 400, to: 500 }, null, { from: 320, to: 420 }],
    ['not beyond the end', 'PageDown', { from: 940, to: 990 }, null, { from: 950, to: 1000 }],
    ['never fewer than two steps', '+', { from: 500, to: 502 }, null, { from: 501, to: 503 }],
  ])('%s', (_, key, range, cursor, expected) => {
    const { zoom, press } = setUp(range);
    expect(press(key, cursor)).toBe(true);
    expect(zoom.value).toEqual(expected);
  });

  it('are faster than what is drawn', () => {
    const { zoom, press } = setUp();
    for (let i = 0; i < 3; i++) press('+');
    expect(zoom.value!.to - zoom.value!.from).toBeLessThanOrEqual(126);
  });

  it('that mean nothing here are left to others: pages scroll where everything is shown', () => {
    const { press } = setUp();
    expect(['ArrowLeft', 'Escape', 'x', 'PageDown', 'PageUp', '0'].map((key) => press(key))).toEqual(Array(6).fill(false));
  });
});

describe('dragging', () => {
  it.each<[string, number, number, StepRange | null]>([
    ['chooses what lies between', 70, 90, { from: 200, to: 400 }],
    ['backwards', 90, 70, { from: 200, to: 400 }],
    ['beyond the plot', 100, 900, { from: 500, to: 1000 }],
    ['hardly at all is a click', 70, 73, null],
    ['over everything', 10, 900, null],
  ])('%s', (_, from, to, expected) => {
    const { zoom, zooming, at } = setUp();
    zooming.onPointerDown(at(PointerEvent, from));
    zooming.onPointerMove(at(PointerEvent, to));
    expect(zooming.chosen.value === null).toBe(Math.abs(from - to) < 5);
    zooming.onPointerUp();
    expect([zoom.value, zooming.chosen.value]).toEqual([expected, null]);
  });

  it('is given up with Escape, and is not for fingers and other buttons', () => {
    const { zoom, zooming, at, press } = setUp();
    zooming.onPointerDown(at(PointerEvent, 70));
    zooming.onPointerMove(at(PointerEvent, 90));
    expect(press('Escape')).toBe(true);
    zooming.onPointerUp();
    for (const other of [{ button: 2 }, { pointerType: 'touch' }]) {
      zooming.onPointerDown(at(PointerEvent, 70, other));
      zooming.onPointerMove(at(PointerEvent, 90, other));
      zooming.onPointerUp();
    }
    expect(zoom.value).toBeNull();
  });
});

describe('the wheel', () => {
  it('zooms around the pointer with Ctrl', () => {
    const { zoom, zooming, at } = setUp();
    const event = at(WheelEvent, 50, { deltaY: -100, ctrlKey: true });
    zooming.onWheel(event);
    expect(event.defaultPrevented).toBe(true);
    expect(zoom.value!.from).toBe(0);
    expect(zoom.value!.to).toBeGreaterThan(600);
    expect(zoom.value!.to).toBeLessThan(900);
  });

  it('scrolls the page without', () => {
    const { zoom, zooming, at } = setUp();
    const event = at(WheelEvent, 70, { deltaY: -100 });
    zooming.onWheel(event);
    expect([event.defaultPrevented, zoom.value]).toEqual([false, null]);
  });
});
