import type { AugmentationStep } from '../../shared/schema/augmentations.ts';
import { augmentBatch, hasMixup } from './augmentations/apply.ts';
import type { MixedLabels } from './augmentations/mixup.ts';
import { fillBatch } from './batch.ts';
import { imageSize, type ImageSet } from './dataset.ts';
import { batchIndices } from './sampler.ts';

/** What makes the batches of a run; with the step number it determines each of them. */
export interface BatchPlan {
  /** Images in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** Largest random shift, pixels; 0 = none. */
  readonly shift: number;
  /** Random changes, applied in order after the shift; none when left out. */
  readonly augment?: readonly AugmentationStep[];
}

/** One prepared batch. */
export interface Batch {
  /** NHWC, float32 in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** What the images were blended with, where the plan says so. */
  readonly mixed?: MixedLabels;
}

/** Prepares the batch of a step in `into`. */
export function prepareBatch(set: ImageSet, plan: BatchPlan, step: number, into: Batch): void {
  const indices = batchIndices(plan.seed, step, plan.batch, set.count);
  fillBatch(set, indices, into.images, into.labels, { shift: plan.shift, seed: plan.seed, step });
  if (plan.augment?.length) augmentBatch(into.images, into.labels, set, { seed: plan.seed, step, steps: plan.augment }, into.mixed);
}

/** Batches that the preparing thread keeps: the one in use and two ahead. */
export const RING_SLOTS = 3;

/*
 * The control block, Int32, shared by the two threads. The caller numbers its requests with tickets 1, 2, 3, ...;
 * ticket t lives in slot t mod RING_SLOTS and stands for step t + STEP_OFFSET. The thread may fill the tickets
 * [wanted, wanted + RING_SLOTS). A jump to another step skips RING_SLOTS tickets and more, so that nothing in the ring,
 * nor what the thread is filling at that moment, is mistaken for a new one.
 */
/** Index of the ticket in use; 0 = none yet, CLOSED = the thread shall end. Only the caller writes it. */
export const WANTED = 0;
/** Index of the number that turns a ticket into a step; written before WANTED. */
export const STEP_OFFSET = 1;
/** Index of the first of RING_SLOTS entries: the ticket that a slot holds. Only the thread writes them. */
export const HELD = 2;
export const CLOSED = -1;

/** The memory that caller and thread share. */
export interface BatchRing {
  readonly control: Int32Array;
  readonly slots: readonly Batch[];
}

const sharedFloats = (count: number) => new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
const sharedIntegers = (count: number) => new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));

/** One batch of the right size, on shared memory. */
export function allocateBatch(set: ImageSet, { batch, augment = [] }: BatchPlan): Batch {
  const plain = { images: sharedFloats(batch * imageSize(set)), labels: sharedIntegers(batch) };
  return hasMixup(augment) ? { ...plain, mixed: { labels: sharedIntegers(batch), shares: sharedFloats(batch) } } : plain;
}

export function allocateRing(set: ImageSet, plan: BatchPlan): BatchRing {
  return {
    control: new Int32Array(new SharedArrayBuffer((HELD + RING_SLOTS) * Int32Array.BYTES_PER_ELEMENT)),
    slots: Array.from({ length: RING_SLOTS }, () => allocateBatch(set, plan)),
  };
}

/** First ticket from `wanted` on that the ring does not hold yet, or undefined when it is full. */
function missingTicket(control: Int32Array, wanted: number): number | undefined {
  for (let ticket = wanted; ticket < wanted + RING_SLOTS; ticket++) {
    if (Atomics.load(control, HELD + (ticket % RING_SLOTS)) !== ticket) return ticket;
  }
  return undefined;
}

/** Fills the ring until the caller closes it. Sleeps while the ring is full; needs no event loop on the other side. */
export function serveRing(set: ImageSet, plan: BatchPlan, { control, slots }: BatchRing): void {
  for (;;) {
    const wanted = Atomics.load(control, WANTED);
    if (wanted === CLOSED) return;
    const ticket = wanted === 0 ? undefined : missingTicket(control, wanted);
    if (ticket === undefined) {
      Atomics.wait(control, WANTED, wanted);
      continue;
    }
    const slot = ticket % RING_SLOTS;
    prepareBatch(set, plan, ticket + Atomics.load(control, STEP_OFFSET), slots[slot]);
    Atomics.store(control, HELD + slot, ticket);
    Atomics.notify(control, HELD + slot);
  }
}
