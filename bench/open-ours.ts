import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { createWorkbench } from '../src/host/app/index.ts';
import { seriesToRead } from '../src/renderer/views/train/train-series.ts';
import type { CurveBlock, MetricBlock, ProjectView } from '../src/shared/contract/api/views.ts';
import type { SearchPoints } from '../src/shared/contract/look.ts';
import { makeProject } from './open-project.ts';

/**
 * Our side of `npm run bench:open`, a process for each call; prints one JSON line.
 *   open-ours.js make FOLDER RECIPE POINTS CONFIGURATIONS PROPOSED SHELVED   makes the project
 *   open-ours.js host FOLDER   what a host that has just started takes to answer what the screens ask, ms
 */
const [mode, folder, recipe, ...numbers] = process.argv.slice(2);
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

interface Calls {
  projects: { open(input: object): Promise<ProjectView>; recent(): Promise<unknown> };
  runs: {
    metrics(input: object): Promise<MetricBlock[]>;
    curves(input: object): Promise<CurveBlock[]>;
    explored(input: object): Promise<SearchPoints[]>;
  };
}

interface Figures {
  ms: number;
  /** of it on a processor, which other programs change less */
  cpuMs: number;
  bytes: number;
}

/** What one answer takes, and how much goes over the wire, in bytes. */
async function timed<T>(work: () => Promise<T>): Promise<Figures & { value: T }> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const bytes = JSON.stringify(value).length;
  const { user, system } = process.cpuUsage(before);
  return { value, ms: performance.now() - began, cpuMs: (user + system) / 1000, bytes };
}

async function measureHost(): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'eqnet-bench-'));
  const workbench = createWorkbench({ kind: 'browser', dataDirectory });
  const client = createRouterClient(workbench.router) as unknown as Calls;
  try {
    const open = await timed(() => client.projects.open({ folder, window: 'bench' }));
    const run = open.value.runs[0].id;
    const train = { ms: 0, cpuMs: 0, bytes: 0, points: 0, total: 0 };
    for (const { prefixes, groups } of seriesToRead('supernet')) {
      const wanted = { project: folder, run, prefixes };
      const answer = await timed(async (): Promise<(MetricBlock & { total?: number })[]> =>
        groups === 'all' ? client.runs.metrics(wanted) : client.runs.curves({ ...wanted, groups }),
      );
      for (const key of ['ms', 'cpuMs', 'bytes'] as const) train[key] += answer[key];
      for (const { count, total = count } of answer.value) {
        train.points += count;
        train.total += total;
      }
    }
    const search = await timed(() => client.runs.explored({ project: folder, run }));
    const recent = await timed(() => client.projects.recent());
    const of = ({ ms, cpuMs, bytes }: Figures): Figures => ({ ms, cpuMs, bytes });
    say({ open: of(open), train, search: of(search), recent: of(recent) });
  } finally {
    await workbench.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

if (mode === 'make') {
  const [points, configurations, proposed, shelved] = numbers.map(Number);
  say(await makeProject(folder, recipe, { points, configurations, proposed, shelved }));
} else await measureHost();
