/** Steps of one epoch: the last incomplete batch is dropped. */
export function stepsPerEpoch(images: number, batch: number): number {
  return Math.floor(images / batch);
}

/** Steps of a number of epochs, the last incomplete batch of each epoch dropped; at least one when epochs > 0. */
export function stepsOf(epochs: number, images: number, batch: number): number {
  return epochs === 0 ? 0 : Math.max(1, Math.round(epochs * stepsPerEpoch(images, batch)));
}
