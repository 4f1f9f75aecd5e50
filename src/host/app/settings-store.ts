import { join } from 'node:path';
import { settingsSchema, type Settings } from '../../shared/schema/settings.ts';
import { readJsonOrNothing, writeJson } from './json-file.ts';

/** What a person sets once for all projects, in settings.json. */
export class SettingsStore {
  private readonly path: string;
  private current: Settings;

  constructor(folder: string) {
    this.path = join(folder, 'settings.json');
    this.current = settingsSchema.catch(settingsSchema.parse({})).parse(readJsonOrNothing(this.path) ?? {});
  }

  get(): Settings {
    return this.current;
  }

  /** @throws WorkbenchError when the file cannot be written; nothing has changed then */
  set(change: Partial<Settings>): Settings {
    const next = settingsSchema.parse({ ...this.current, ...change });
    writeJson(this.path, next);
    this.current = next;
    return next;
  }
}
