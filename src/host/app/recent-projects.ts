import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { RecentProject } from '../../shared/contract/api/views.ts';
import { toErrorPayload } from '../../shared/contract/errors.ts';
import { PHASES } from '../../shared/contract/job-protocol.ts';
import { reportRun } from '../project-report.ts';
import { ProjectStore } from '../project-store.ts';
import { readJsonOrNothing, writeJson } from './json-file.ts';

const MOST = 30;
const entriesSchema = z.array(z.object({ folder: z.string(), name: z.string(), openedAt: z.number() }));
type Entry = z.infer<typeof entriesSchema>[number];

/** One line of a project: how far its newest run is, and the best that was found. */
function summarize(store: ProjectStore): NonNullable<RecentProject['summary']> {
  const run = store.runs().at(-1);
  if (!run) return { state: 'empty', phase: null, recipe: '', bestAccuracy: null, sizes: null, bits: null };
  const report = reportRun(store, run);
  const phase = PHASES.find((name) => report.phases[name].state !== 'done') ?? null;
  const sizes = report.front.map(({ costs }) => costs.sizeBytes);
  const chosen =
    store.shelf.list().findLast((entry) => entry.run === run.id)?.configuration ??
    report.exports.findLast(({ configuration }) => configuration)?.configuration ??
    report.front.at(Math.floor(report.front.length / 2))?.configuration;
  return {
    state: run.state,
    phase,
    recipe: run.recipe.name,
    bestAccuracy: store.bestMeasured(),
    sizes: sizes.length ? [Math.min(...sizes), Math.max(...sizes)] : null,
    bits: chosen ? chosen.layers.map(({ weightBits }) => weightBits) : null,
  };
}

/** The projects that were opened lately, in recent.json, newest first. */
export class RecentProjects {
  private readonly path: string;
  private entries: Entry[];

  constructor(folder: string) {
    this.path = join(folder, 'recent.json');
    this.entries = entriesSchema.catch([]).parse(readJsonOrNothing(this.path) ?? []);
  }

  add(folder: string, name: string): void {
    const others = this.entries.filter((entry) => entry.folder !== folder);
    this.store([{ folder, name, openedAt: Date.now() }, ...others].slice(0, MOST));
  }

  forget(folder: string): void {
    this.store(this.entries.filter((entry) => entry.folder !== folder));
  }

  /** @param open the store of a project that is open in this host */
  list(open: (folder: string) => ProjectStore | null): RecentProject[] {
    return this.entries.map(({ folder, name, openedAt }) => {
      const told = { folder, name, openedAt };
      if (!existsSync(join(folder, 'project.json')))
        return { ...told, name: name || basename(folder), summary: null, problem: `${folder} is gone: it was moved, renamed or deleted.` };
      try {
        const mine = open(folder);
        const store = mine ?? ProjectStore.openReadOnly(folder);
        try {
          return { ...told, name: store.name, summary: summarize(store), problem: null };
        } finally {
          if (!mine) store.close();
        }
      } catch (error) {
        return { ...told, summary: null, problem: toErrorPayload(error, folder).message };
      }
    });
  }

  private store(entries: Entry[]): void {
    this.entries = entries;
    try {
      writeJson(this.path, entries);
    } catch (error) {
      // a list for convenience keeps nobody from working
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
}
