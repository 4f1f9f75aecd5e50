/** The formats that a configuration can be written in. A new one is a line here and a writer in src/worker/export. */
export const EXPORT_FORMATS = [{ id: 'onnx', extension: '.onnx' }] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export type ExportFormatId = ExportFormat['id'];

export const EXPORT_FORMAT_IDS = EXPORT_FORMATS.map(({ id }) => id);
