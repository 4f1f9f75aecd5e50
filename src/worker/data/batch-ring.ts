import type { AugmentationStep } from '../../shared/schema/augmentations.ts';
import { augmentBatch, hasMixup } from './augmentations/apply.ts';
import type { MixedLabels } from './augmentations/mixup.ts';
import { fillBatch } from './batch.ts';
import { imageSize, type ImageSet } from './dataset.ts';
import { batchIndices } from './sampler.ts';
import { targetRows } from './targets.ts';

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

/** One prepared batch, as a training step is fed with it. */
export interface Batch {
  /** NHWC, float32 in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Probabilities of the classes, [batch, classes]. */
  readonly targets: Float32Array;
  /** What the images were blended with, where the plan says so. */
  readonly mixed?: MixedLabels;
}

/** Prepares the batch of a step in `into`. */
export function prepareBatch(set: ImageSet, plan: BatchPlan, step: number, into: Batch): void {
  const indices = batchIndices(plan.seed, step, plan.batch, set.count);
  fillBatch(set, indices, into.images, into.labels, { shift: plan.shift, seed: plan.seed, step });
  if (plan.augment?.length) augmentBatch(into.images, into.labels, set, { seed: plan.seed, step, steps: plan.augment }, into.mixed);
  targetRows(into, set.classes, into.targets);
}

/**
 * Batches that are kept: one in use, and two ahead or two for each thread. A multiple of the threads, so that each slot is
 * written by one thread only, and a jump to another step cannot make two of them meet in it.
 */
export const slotsFor = (threads: number): number => (threads === 1 ? 3 : 2 * threads);

/*
 * The control block, Int32, shared by all threads. The caller numbers its requests with tickets 1, 2, 3, ...;
 * ticket t lives in slot t mod slots, is prepared by thread t mod threads, and stands for step t + STEP_OFFSET. The threads
 * may fill the tickets [wanted, wanted + slots). A jump to another step skips more tickets than there are slots, so that
 * nothing in the ring, nor what a thread is filling at that moment, is mistaken for a new one.
 */
/** Index of the ticket in use; 0 = none yet, CLOSED = the threads shall end. Only the caller writes it. */
export const WANTED = 0;
/** Index of the number that turns a ticket into a step; written before WANTED. */
export const STEP_OFFSET = 1;
/** Index of the first of as many entries as slots: the ticket that a slot holds. Only the slot's thread writes it. */
export const HELD = 2;
export const CLOSED = -1;

/** The memory that caller and threads share. */
export interface BatchRing {
  readonly control: Int32Array;
  readonly slots: readonly Batch[];
  readonly threads: number;
}

const sharedFloats = (count: number) => new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
const sharedIntegers = (count: number) => new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));

/** One batch of the right size, on shared memory. */
export function allocateBatch(set: ImageSet, { batch, augment = [] }: BatchPlan): Batch {
  const plain = {
    images: sharedFloats(batch * imageSize(set)),
    labels: sharedIntegers(batch),
    targets: sharedFloats(batch * set.classes),
  };
  return hasMixup(augment) ? { ...plain, mixed: { labels: sharedIntegers(batch), shares: sharedFloats(batch) } } : plain;
}

export function allocateRing(set: ImageSet, plan: BatchPlan, threads: number): BatchRing {
  const slots = slotsFor(threads);
  return {
    control: new Int32Array(new SharedArrayBuffer((HELD + slots) * Int32Array.BYTES_PER_ELEMENT)),
    slots: Array.from({ length: slots }, () => allocateBatch(set, plan)),
    threads,
  };
}

/** First of a thread's tickets from `wanted` on that the ring does not hold yet, or undefined when it holds them all. */
function missingTicket({ control, slots, threads }: BatchRing, wanted: number, thread: number): number | undefined {
  const first = wanted + ((thread - (wanted % threads) + threads) % threads);
  for (let ticket = first; ticket < wanted + slots.length; ticket += threads) {
    if (Atomics.load(control, HELD + (ticket % slots.length)) !== ticket) return ticket;
  }
  return undefined;
}

/**
 * Fills a thread's share of the ring until the caller closes it. Sleeps while that is full; needs no event loop on the other
 * side.
 * @param thread 0 .. threads-1
 */
export function serveRing(set: ImageSet, plan: BatchPlan, ring: BatchRing, thread: number): void {
  const { control, slots } = ring;
  for (;;) {
    const wanted = Atomics.load(control, WANTED);
    if (wanted === CLOSED) return;
    const ticket = wanted === 0 ? undefined : missingTicket(ring, wanted, thread);
    if (ticket === undefined) {
      Atomics.wait(control, WANTED, wanted);
      continue;
    }
    const slot = ticket % slots.length;
    prepareBatch(set, plan, ticket + Atomics.load(control, STEP_OFFSET), slots[slot]);
    Atomics.store(control, HELD + slot, ticket);
    Atomics.notify(control, HELD + slot);
  }
}
