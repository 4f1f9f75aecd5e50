import { app, BrowserWindow, dialog, type OpenDialogOptions } from 'electron';
import { join } from 'node:path';
import { writeFileAtomic } from '../host/write-atomic.ts';
import { DATA_FILE_ENDINGS } from '../shared/schema/data-formats.ts';

export type OpenKind = 'project' | 'folder' | 'recipe' | 'configuration' | 'model' | 'images';

const JSON_FILES = [{ name: 'JSON', extensions: ['json'] }];

/** What the system's dialog offers for each kind; a project is a folder. */
const OPEN: Readonly<Record<OpenKind, Pick<OpenDialogOptions, 'properties' | 'filters'>>> = {
  project: { properties: ['openDirectory', 'treatPackageAsDirectory'] },
  folder: { properties: ['openDirectory', 'createDirectory'] },
  recipe: { properties: ['openFile'], filters: JSON_FILES },
  configuration: { properties: ['openFile'], filters: JSON_FILES },
  model: { properties: ['openFile'], filters: [{ name: 'ONNX, TensorFlow.js', extensions: ['onnx', 'json'] }] },
  images: { properties: ['openFile'], filters: [{ name: 'npz, CSV, Parquet, tar', extensions: [...DATA_FILE_ENDINGS] }] },
};

/** @returns the chosen path, or null when the person cancelled */
export async function openDialog(kind: OpenKind, title: string): Promise<string | null> {
  const options: OpenDialogOptions = { title, ...OPEN[kind] };
  const window = BrowserWindow.getFocusedWindow();
  const { canceled, filePaths } = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  return canceled ? null : (filePaths[0] ?? null);
}

/**
 * Asks for a place, starting in the documents folder, and writes the text there.
 *
 * @returns the path, or null when the person cancelled
 * @throws WorkbenchError `disk-full` or `project-readonly`
 */
export async function saveTextDialog(name: string, content: string, title: string): Promise<string | null> {
  const options = { title, defaultPath: join(app.getPath('documents'), name) };
  const window = BrowserWindow.getFocusedWindow();
  const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options));
  if (canceled || !filePath) return null;
  writeFileAtomic(filePath, content);
  return filePath;
}
