import { app } from 'electron';
import { join } from 'node:path';
import { APP_ORIGIN } from './origin.ts';

/** Folder of the built programs: the entry is out/main/index.js, and a part of it may lie one folder deeper. */
const built = join(app.getAppPath(), 'out');

/** The built interface. */
export const interfaceFolder = join(built, 'renderer');

/**
 * The built worker. In an installed app it lies beside the archive, where a plain Node.js can read it, too.
 */
export const workerFile = join(built, 'main', 'worker.js').replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2');

/** The preload script of every window. */
export const preloadFile = join(built, 'preload', 'index.cjs');

/** Keeps what belongs to this app alone below EQNET_DATA where that moves what the program keeps; before the app is ready. */
export function moveUserData(): void {
  const folder = process.env.EQNET_DATA;
  if (folder) app.setPath('userData', join(folder, 'desktop'));
}

/** Address of the interface: the development server's where there is one, and never in an installed app. */
export function interfaceUrl(): string {
  const development = process.env.ELECTRON_RENDERER_URL;
  return !app.isPackaged && development ? development : `${APP_ORIGIN}/index.html`;
}

/** File that keeps the place of the window. */
export const windowStateFile = () => join(app.getPath('userData'), 'window.json');
