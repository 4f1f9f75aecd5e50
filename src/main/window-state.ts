import type { Rectangle } from 'electron';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from '../host/write-atomic.ts';

export const MIN_WIDTH = 1024;
export const MIN_HEIGHT = 680;
const DEFAULT_WIDTH = 1440;
const DEFAULT_HEIGHT = 900;

/** Part of a title bar that must be on a display for a person to grab the window, px. */
const GRIP = { width: 120, height: 40 };

const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  maximized: z.boolean(),
});
/** Where a window was, in screen pixels independent of their density. */
export type WindowState = z.infer<typeof stateSchema>;

/** Place of a new window; without x and y the system centres it. */
export interface Placement {
  x?: number;
  y?: number;
  width: number;
  height: number;
  maximized: boolean;
}

/** What was kept; null when there is nothing or it cannot be read, since a lost window place is no reason to fail. */
export function loadWindowState(file: string): WindowState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** Keeps the state; a full or read-only disk costs the place of the window, not the session. */
export function saveWindowState(file: string, state: WindowState): void {
  try {
    writeFileAtomic(file, `${JSON.stringify(state)}\n`);
  } catch {
    return;
  }
}

/**
 * Puts a window back where it was if its title bar can be reached there, else onto the first display, never larger than
 * its display.
 *
 * @param areas work areas of the displays, the primary one first
 */
export function placeWindow(saved: WindowState | null, areas: readonly Rectangle[]): Placement {
  const width = saved?.width ?? DEFAULT_WIDTH;
  const height = saved?.height ?? DEFAULT_HEIGHT;
  const home = saved && areas.find((area) => showsGrip(saved, area));
  const area = home ?? areas[0];
  const size = {
    width: Math.max(MIN_WIDTH, Math.min(width, area?.width ?? width)),
    height: Math.max(MIN_HEIGHT, Math.min(height, area?.height ?? height)),
    maximized: saved?.maximized ?? false,
  };
  return home ? { x: saved.x, y: saved.y, ...size } : size;
}

function showsGrip(state: WindowState, area: Rectangle): boolean {
  const width = Math.min(state.x + state.width, area.x + area.width) - Math.max(state.x, area.x);
  const height = Math.min(state.y + GRIP.height, area.y + area.height) - Math.max(state.y, area.y);
  return width >= GRIP.width && height >= GRIP.height / 2;
}
