/** How images and classes may lie on a disk; the readers are in worker/data/formats. */
export const DATA_FORMATS = ['folder', 'cifar', 'idx', 'npz', 'csv', 'parquet'] as const;
export type DataFormatName = (typeof DATA_FORMATS)[number];
