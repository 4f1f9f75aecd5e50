/** How images and classes may lie on a disk; the readers are in worker/data/formats. */
export const DATA_FORMATS = ['folder', 'cifar', 'idx', 'npz', 'csv', 'parquet'] as const;
export type DataFormatName = (typeof DATA_FORMATS)[number];

/** Endings of the data sets that are one file. */
export const DATA_FILE_ENDINGS = ['npz', 'csv', 'parquet', 'tar', 'tgz', 'gz'] as const;
