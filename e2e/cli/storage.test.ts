import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { cacheDirectory, enginesDirectory } from '../../src/host/engine/cache-dir.ts';
import { SHAPES } from './shapes.ts';
import {
  anyEngine,
  ENGINES,
  Eqnet,
  eqnet,
  eqnetJson,
  failure,
  removeFolder,
  RUN_TIMEOUT,
  sharedFolder,
  temporaryFolder,
} from './testkit.ts';

const { executor } = anyEngine;
const home = sharedFolder();
const finished = join(home, 'finished.eqnet');
const config = join(home, 'four.json');
const run = (project: string, ...more: string[]) => ['run', 'tiny', '--project', project, '--engine', executor, ...more];
let digest: string | null = null;

beforeAll(async () => {
  ({ digest } = SHAPES.run.parse(await eqnetJson(run(finished))).run);
  await eqnetJson(['config', finished, '--uniform', '4', '--out', config]);
}, RUN_TIMEOUT);

function mount(...argv: string[]): void {
  execFileSync('mount', argv, { stdio: 'ignore' });
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-e2e-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=100k', 'none', folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    removeFolder(folder);
  }
}
const mounts = canMount();
const needsMount = mounts ? '' : ' (skipped: only root on Linux can mount a small disk)';

/** A disk of its own. */
function disk(size: string): string {
  const folder = temporaryFolder();
  mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', folder);
  onTestFinished(() => unmount(folder));
  return folder;
}

describe(`a full disk${needsMount}`, () => {
  test.skipIf(!mounts).each([
    ['for the database', '100k'],
    ['for the first checkpoint', '1m'],
    ['in the middle', '3500k'],
  ])('%s: one sentence, and with more room the run goes on', { timeout: RUN_TIMEOUT }, async (_name, size) => {
    const folder = disk(size);
    const project = join(folder, 'a.eqnet');
    expect(failure(await eqnet([...run(project), '--json']), 'disk-full')).toMatch(
      /^The disk is full while writing .*: free some space and run .* with --resume\.$/,
    );
    SHAPES.show.parse(await eqnetJson(['show', project]));
    mount('-o', 'remount,size=100m', folder);
    const { run: resumed } = SHAPES.run.parse(await eqnetJson(run(project, '--resume')));
    expect(resumed).toMatchObject({ state: 'done', digest });
  });
});

/** Takes the right to write away, from root as well where it can. @returns gives it back */
function protect(folder: string): () => void {
  if (mounts) {
    mount('-o', 'remount,ro', folder);
    return () => mount('-o', 'remount,rw', folder);
  }
  const folders = [folder, join(folder, 'a.eqnet')];
  for (const path of folders) chmodSync(path, 0o555);
  return () => folders.forEach((path) => chmodSync(path, 0o755));
}

const canProtect = mounts || (process.platform !== 'win32' && process.getuid?.() !== 0);
const needsProtection = canProtect ? '' : ' (skipped: permissions do not bind here, and nothing can be mounted)';

describe(`a folder without the right to write${needsProtection}`, () => {
  test.skipIf(!canProtect)('writing is refused in one sentence, reading works, and afterwards writing too', async () => {
    const folder = mounts ? disk('50m') : temporaryFolder();
    const project = join(folder, 'a.eqnet');
    cpSync(finished, project, { recursive: true });
    const unprotect = protect(folder);
    onTestFinished(unprotect);
    for (const argv of [
      run(project),
      run(join(folder, 'new.eqnet')),
      ['export', project, '--config', config, '--out', join(home, 'four.onnx')],
      ['export', finished, '--config', config, '--out', join(folder, 'four.onnx')],
      ['config', finished, '--uniform', '4', '--out', join(folder, 'four.json')],
      ['search', finished, '--weights', '4', '--activations', '4', '--out', join(folder, 'best.json')],
    ])
      expect(failure(await eqnet([...argv, '--json']), 'project-readonly'), argv.join(' ')).toMatch(
        / cannot be (written|opened for writing).*[:;] choose /,
      );
    expect(SHAPES.show.parse(await eqnetJson(['show', project])).runs).toMatchObject([{ state: 'done', digest }]);
    const evaluated = SHAPES.eval.parse(await eqnetJson(['eval', project, '--config', config]));
    expect(evaluated.run).toBe('tiny-1');
    unprotect();
    SHAPES.export.parse(await eqnetJson(['export', project, '--config', config, '--out', join(folder, 'four.onnx')]));
  });
});

/** The installed engine, file by file as a link, so that single files can be left out. */
function engineWithout(missing: RegExp): string {
  const cache = temporaryFolder();
  const link = (from: string, to: string): void => {
    mkdirSync(to, { recursive: true });
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) link(source, target);
      else if (!missing.test(entry.name)) symlinkSync(source, target);
    }
  };
  link(enginesDirectory(cacheDirectory()), enginesDirectory(cache));
  return cache;
}

const [native] = ENGINES;
const hasNative = native.installed && process.platform !== 'win32';

describe(`TensorFlow's library is missing, ${native.title}`, () => {
  const withoutLibrary = () => ({
    // a PATH without compiler and pip, so that it cannot be set up again
    env: { EQNET_CACHE: engineWithout(/^libtensorflow(_cc)?\./), PATH: temporaryFolder(), PIP_NO_INDEX: '1' },
  });

  test.skipIf(!hasNative)('what asks for it by name says what to do', async () => {
    const options = withoutLibrary();
    const project = join(temporaryFolder(), 'a.eqnet');
    for (const argv of [
      ['run', 'tiny', '--project', project, '--engine', 'session'],
      ['eval', finished, '--config', config],
      ['engine', 'install'],
    ])
      expect(failure(await eqnet([...argv, '--json'], options), 'engine-missing')).toMatch(
        /^The installed TensorFlow engine is broken \(.*libtensorflow.* is missing\) .*, then eqnet engine install\.$/,
      );
    expect(existsSync(project)).toBe(false);
    const doctor = await eqnet(['engine', 'doctor'], options);
    expect(doctor.exit).toBe(5);
    expect(doctor.out).toMatch(/The installed TensorFlow engine is broken \(.*\); until it is mended the portable engine is used/);
  });

  test.skipIf(!hasNative)('what may choose takes the portable engine, and says so', async () => {
    const options = withoutLibrary();
    const evaluated = await eqnet(['eval', finished, '--config', config, '--engine', 'auto', '--json'], options);
    expect(evaluated.err).toMatch(
      /is broken \(.*libtensorflow.* is missing\) and cannot be set up again without a Python with pip and a C\+\+ compiler .*, so the portable engine is used/,
    );
    const onPortable = SHAPES.eval.parse(JSON.parse(evaluated.out));
    const onNative = SHAPES.eval.parse(await eqnetJson(['eval', finished, '--config', config]));
    // the same integers; a sum on the border of two codes may round the other way
    expect(Math.abs(onPortable.accuracy - onNative.accuracy)).toBeLessThanOrEqual(0.01);
    const begun = new Eqnet(['run', 'tiny', '--project', join(temporaryFolder(), 'a.eqnet')], options);
    await begun.says(/engine portable/);
    expect((await begun.stop()).exit).toBe(130);
    const project = join(temporaryFolder(), 'b.eqnet');
    cpSync(finished, project, { recursive: true });
    const refused = failure(await eqnet(['run', 'tiny', '--project', project, '--resume'], options), 'fingerprint-mismatch');
    expect(refused).toMatch(/cannot go on with this engine .*: add --engine session/);
  });
});
