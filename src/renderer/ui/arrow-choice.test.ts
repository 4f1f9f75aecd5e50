import { mount } from '@vue/test-utils';
import { afterEach, expect, test } from 'vitest';
import { nextTick } from 'vue';
import BitStepper from './BitStepper.vue';
import UiSegmented from './UiSegmented.vue';

let open: { unmount(): void } | null = null;
afterEach(() => open?.unmount());

const segmented = () =>
  mount(UiSegmented, {
    attachTo: document.body,
    props: { label: 'Part', modelValue: 'b', options: ['a', 'b', 'c'].map((value) => ({ value, label: value })) },
  });
const stepper = () => mount(BitStepper, { attachTo: document.body, props: { label: 'Bits', modelValue: 4, allowed: [2, 4, 8] } });

test.each([
  [
    'a choice',
    segmented,
    'b',
    [
      ['ArrowLeft', 'a'],
      ['ArrowRight', 'c'],
    ],
  ],
  [
    'a bit-width, past those not allowed',
    stepper,
    '4',
    [
      ['ArrowLeft', 2],
      ['ArrowRight', 8],
    ],
  ],
] as const)('%s follows an arrow key that is released at once', async (_, make, from, presses) => {
  for (const [key, expected] of presses) {
    const view = make();
    open = view;
    // Reka listens once it is drawn
    await nextTick();
    const radio = view.findAll('[role=radio]').find((each) => each.text() === from)!;
    (radio.element as HTMLElement).focus();
    // in a browser the focus has moved before the press gets to the group
    radio.element.addEventListener('keydown', (event) => event.stopPropagation());
    await radio.trigger('keydown', { key });
    await radio.trigger('keyup', { key });
    await nextTick();
    expect(view.emitted('update:modelValue')).toEqual([[expected]]);
    view.unmount();
  }
});

test('focus that comes by Tab chooses nothing', async () => {
  const view = segmented();
  open = view;
  const [first] = view.findAll('[role=radio]');
  await first!.trigger('keydown', { key: 'Tab' });
  (first!.element as HTMLElement).focus();
  await nextTick();
  expect(view.emitted('update:modelValue')).toBeUndefined();
});
