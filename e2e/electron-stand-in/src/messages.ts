import type { Text } from './codec.ts';

/** What the isolated world of a page tells the main process. */
export type FromPage =
  | { type: 'message'; channel: string; args: Text[]; ports: string[] }
  | { type: 'open'; url: string }
  | { type: 'port'; port: string; data: Text }
  | { type: 'port-closed'; port: string };

/** What the main process tells the isolated world. */
export type ToPage =
  { type: 'dropping'; paths: Record<string, string> } | { type: 'port'; port: string; data: Text } | { type: 'port-closed'; port: string };

/** What the isolated world is started with. */
export interface PreloadStart {
  /** name of the events between the two worlds of this page */
  secret: string;
  argv: string[];
  platform: string;
  versions: Record<string, string>;
}

/** Name of the isolated world that preload scripts run in. */
export const WORLD = 'electron-preload';
/** Function that only the isolated world has, until its script has taken it away. */
export const BINDING = 'standInSend';
/** Function of the isolated world that takes messages of the main process. */
export const DELIVER = 'standInDeliver';
