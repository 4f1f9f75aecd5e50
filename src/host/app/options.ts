import { homedir } from 'node:os';
import { join } from 'node:path';
import type { WorkerLauncher } from '../worker-launcher.ts';
import type { LaunchEngine } from '../engine-choice.ts';

/** Dialogs of the system; a host without them leaves the choice of files to the interface. */
export interface DialogAdapter {
  /** @returns the chosen path; null when it was cancelled */
  open(kind: 'project' | 'folder' | 'recipe' | 'configuration' | 'model' | 'images', title: string): Promise<string | null>;
  /** Asks for a place and writes the text there. @returns the path; null when it was cancelled */
  saveText(name: string, content: string, title: string): Promise<string | null>;
}

export interface WorkbenchOptions {
  kind: 'desktop' | 'browser';
  /** where settings.json and recent.json lie; a folder of the user when left out */
  dataDirectory?: string;
  /** starts workers as long as the settings say `host`; child_process when left out */
  launch?: WorkerLauncher;
  dialogs?: DialogAdapter;
  /** opens a https address in the person's browser */
  openExternal?(url: string): void | Promise<void>;
  /** shows a file or folder in the system's file manager */
  reveal?(path: string): void;
  /** tells the person something while no window is in front */
  notify?(title: string, body: string): void;
  /** folders that paths from the interface may lie in; empty = everywhere */
  roots?: readonly string[];
  /** versions of Electron and Chromium */
  electron?: { electron: string; chrome: string };
  /** replaces the built worker */
  workerPath?: string;
  /** replaces the choice of the engine */
  engine?: LaunchEngine;
}

/** Folder of what the program keeps for one user, beside projects. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv = process.env, os = process.platform, home = homedir()): string {
  if (env.EQNET_DATA) return env.EQNET_DATA;
  if (os === 'win32') return join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'EQ-Net Workbench');
  if (os === 'darwin') return join(home, 'Library', 'Application Support', 'EQ-Net Workbench');
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'eqnet-workbench');
}
