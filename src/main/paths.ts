import { app } from 'electron';
import { join } from 'node:path';
import { outsideArchive, packageRoot } from '../host/package-root.ts';
import { APP_ORIGIN } from './origin.ts';

const built = join(packageRoot, 'out');

/** The built interface. */
export const interfaceFolder = join(built, 'renderer');

/** The built worker, where a plain Node.js can read it, too. */
export const workerFile = outsideArchive(join(built, 'main', 'worker.js'));

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
