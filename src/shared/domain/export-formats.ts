/** The formats that a configuration can be written in. A new one is a line here and a writer in src/worker/export. */
export const EXPORT_FORMATS = [{ id: 'onnx', extension: '.onnx' }] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export type ExportFormatId = ExportFormat['id'];

export const EXPORT_FORMAT_IDS = EXPORT_FORMATS.map(({ id }) => id);

/** A file is proved when the second runtime finds the same class on this share of the images, and an accuracy this near (0..1). */
export const PROOF_LIMITS = { agreement: 0.995, accuracyGap: 0.002 } as const;
