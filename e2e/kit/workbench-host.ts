import type { Page } from '@playwright/test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, enginesDirectory } from '../../src/host/engine/cache-dir.ts';

export type HostKind = 'desktop' | 'browser';

/** The workbench as a person starts it, with its windows. */
export interface WorkbenchHost {
  readonly kind: HostKind;
  /** Opens one more window; the first one starts the program where it does not run. */
  openWindow(): Promise<Page>;
  /** Closes a window as a person does. With its last window the desktop app ends, and this waits for it. */
  closeWindow(window: Page): Promise<void>;
  /** Windows that are open. */
  windows(): Page[];
  /** Answers the next question for a file or folder: the dialog of the system, or the interface's own. */
  choosePath(window: Page, path: string, ask: () => Promise<void>): Promise<void>;
  /** Answers the next question for a place to write to, or takes what the browser downloads. */
  saveTo(window: Page, path: string, ask: () => Promise<void>): Promise<void>;
  /** Ends the program; its jobs write a checkpoint. */
  end(): Promise<void>;
}

/** What one test may write to: a home, projects in it, and what the program keeps for a user. */
export interface Places {
  home: string;
  /** where new projects go without being asked */
  projects: string;
  /** settings and recent projects */
  data: string;
  /** starts the program there */
  env: Record<string, string>;
  remove(): void;
}

/** @param shared folder of projects that is there already, of another person */
export function makePlaces(shared?: string): Places {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'eqnet-story-')));
  const projects = shared ?? join(home, 'EQ-Net');
  const data = join(home, 'data');
  const cache = join(home, 'cache');
  mkdirSync(projects, { recursive: true });
  mkdirSync(cache);
  // the engine stays that of the user, decoded images and downloads do not
  symlinkSync(enginesDirectory(cacheDirectory()), enginesDirectory(cache), 'junction');
  const own = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const env = {
    ...Object.fromEntries(own),
    HOME: home,
    USERPROFILE: home,
    EQNET_DATA: data,
    EQNET_CACHE: cache,
    LANGUAGE: 'en',
    LANG: 'en_US.UTF-8',
  };
  return { home, projects, data, env, remove: () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }) };
}
