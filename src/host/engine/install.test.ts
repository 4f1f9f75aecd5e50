import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from './cache-dir.ts';
import { checkEngine } from './doctor.ts';
import { installManifest, type InstallOptions } from './install.ts';
import { locateManifest } from './locate.ts';
import type { EngineManifest } from './manifest.ts';
import type { EngineProgress } from './progress.ts';
import {
  canSetUp,
  environmentWith,
  environmentWithBarePython,
  makeTinyEngine,
  repinned,
  temporaryFolder,
  zip,
  type TinyEngine,
} from './tiny-engine.testkit.ts';

const root = temporaryFolder();
let tiny: TinyEngine;
let cacheCount = 0;
beforeAll(() => {
  if (canSetUp) tiny = makeTinyEngine(join(root.path, 'tiny'));
});
afterAll(root.remove);

/** A fresh cache, with the given content of the wheel already among its downloads. */
function freshCache(wheel?: Buffer): string {
  const cacheDir = join(root.path, `cache-${cacheCount++}`);
  mkdirSync(join(cacheDir, 'downloads'), { recursive: true });
  if (wheel) writeFileSync(join(cacheDir, 'downloads', tiny.manifest.wheels[0].file), wheel);
  return cacheDir;
}

/** pip as it is here, but with one folder as its only index. */
function offline(wheel?: Buffer): Environment {
  const links = join(root.path, `links-${cacheCount++}`);
  mkdirSync(links);
  if (wheel) writeFileSync(join(links, tiny.manifest.wheels[0].file), wheel);
  return { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: links };
}

const setUp = (manifest: EngineManifest, options: InstallOptions, source = tiny.source) =>
  installManifest(manifest, { env: offline(), ...options }, source);

/** Everything in the cache but the lock and the wheels. */
const leftovers = (cacheDir: string) =>
  [...readdirSync(cacheDir), ...readdirSync(join(cacheDir, 'engine'))].filter((name) => !['downloads', 'engine', '.lock'].includes(name));

describe.skipIf(!canSetUp)('installManifest', () => {
  it('unpacks, compiles, loads and stamps an engine, reports progress and removes the wheel', async () => {
    const cacheDir = freshCache(tiny.wheel);
    const progress: EngineProgress[] = [];
    const location = await setUp(tiny.manifest, { cacheDir, onProgress: (one) => progress.push(one) });
    expect(location).toEqual({
      addonPath: join(cacheDir, 'engine/tiny-9.9.9/lib/napi-v8/tiny.node'),
      ops: null,
      libDir: join(cacheDir, 'engine/tiny-9.9.9/deps/lib'),
      engineId: 'tiny-9.9.9',
      tensorflowVersion: '9.9.9',
      gpu: false,
    });
    expect([...new Set(progress.map((one) => one.step))]).toEqual([
      'Checking eqnet-tiny 9.9.9',
      'Unpacking eqnet-tiny 9.9.9',
      'Compiling the addon',
      'Loading the engine',
      'Engine ready',
    ]);
    expect(readdirSync(join(cacheDir, 'downloads'))).toEqual([]);
    expect(leftovers(cacheDir)).toEqual(['tiny-9.9.9']);
    expect(readdirSync(join(cacheDir, 'engine/tiny-9.9.9/deps/include'))).toEqual(['a.h']);

    const { engine, problems } = await checkEngine(tiny.manifest, cacheDir, process.env);
    // this engine is no TensorFlow, which the ops could be compiled against
    expect(problems).toEqual([expect.objectContaining({ what: expect.stringContaining('fused ops') as string })]);
    expect(engine).toMatchObject({ state: 'ready', tensorflow: '9.9.9' });
    expect(engine.files.map((file) => [file.path, file.state, file.origin])).toEqual([
      ['deps/lib/libtensorflow_cc.so.2', 'intact', 'eqnet-tiny 9.9.9 (eqnet_tiny-9.9.9-py3-none-any.whl)'],
      ['deps/lib/libtensorflow_framework.so.2', 'intact', 'eqnet-tiny 9.9.9 (eqnet_tiny-9.9.9-py3-none-any.whl)'],
      ['deps/include/a.h', 'intact', 'eqnet-tiny 9.9.9 (eqnet_tiny-9.9.9-py3-none-any.whl)'],
      ['lib/napi-v8/tiny.node', 'intact', 'compiled from tiny-addon 1.0.0'],
    ]);
  });

  it('works once for two callers at a time, and not at all for the third', async () => {
    const cacheDir = freshCache(tiny.wheel);
    let compiled = 0;
    const onProgress = ({ step }: EngineProgress) => void (compiled += Number(step === 'Compiling the addon'));
    const [first, second] = await Promise.all([
      setUp(tiny.manifest, { cacheDir, onProgress }),
      setUp(tiny.manifest, { cacheDir, onProgress }),
    ]);
    expect(second).toEqual(first);
    await setUp(tiny.manifest, { cacheDir, onProgress, env: { PATH: '' } });
    expect(compiled).toBe(1);
  });

  it('downloads with pip what is not there, and what is there with another sha256', async () => {
    const wrong = Buffer.from(tiny.wheel);
    wrong[wrong.length - 30] ^= 1;
    const cacheDir = freshCache(wrong);
    await setUp(tiny.manifest, { cacheDir, env: offline(tiny.wheel), keepDownloads: true });
    expect(locateManifest(tiny.manifest, cacheDir)).not.toBeNull();
    expect(readdirSync(join(cacheDir, 'downloads'))).toEqual([tiny.manifest.wheels[0].file]);
  });

  it.each([
    [
      'no compiler',
      () => environmentWith(root.path, ['python3']),
      /; no C\+\+ compiler was found .*: run .*, then eqnet engine install\.$/,
    ],
    [
      'no pip',
      () => environmentWithBarePython(root.path, ['c++']),
      /; python3 \(.*\) has no pip, .*: run .*, then eqnet engine install\.$/,
    ],
  ])('names the library that is gone before %s to set it up again', async (_, env, rest) => {
    const cacheDir = freshCache(tiny.wheel);
    const { libDir } = await setUp(tiny.manifest, { cacheDir });
    rmSync(join(libDir, 'libtensorflow_cc.so.2'));
    const error = await setUp(tiny.manifest, { cacheDir, env: env() }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'engine-missing' });
    const { message } = error as Error;
    expect(message).toMatch(
      /^The installed TensorFlow engine is broken \(deps\/lib\/libtensorflow_cc\.so\.2 is missing\) and cannot be set up again; /,
    );
    expect(message).toMatch(rest);
  });

  it('mends a damaged engine with force, and clears what a dead process left behind', async () => {
    const cacheDir = freshCache(tiny.wheel);
    mkdirSync(join(cacheDir, 'engine/.staging-dead'), { recursive: true });
    mkdirSync(join(cacheDir, '.download-dead'));
    const { libDir } = await setUp(tiny.manifest, { cacheDir, keepDownloads: true });
    expect(leftovers(cacheDir)).toEqual(['tiny-9.9.9']);
    truncateSync(join(libDir, 'libtensorflow_cc.so.2'), 100);
    expect(locateManifest(tiny.manifest, cacheDir)).toBeNull();
    const broken = await checkEngine(tiny.manifest, cacheDir, process.env);
    expect(broken.engine.state).toBe('broken');
    expect(broken.problems).toEqual([{ what: 'deps/lib/libtensorflow_cc.so.2 is damaged', mend: 'eqnet engine install --force' }]);
    await setUp(tiny.manifest, { cacheDir, force: true });
    expect((await checkEngine(tiny.manifest, cacheDir, process.env)).engine.state).toBe('ready');
  });

  describe('leaves no half engine behind', () => {
    const truncated = () => tiny.wheel.subarray(0, tiny.wheel.length - 200);
    const damaged = () => {
      const copy = Buffer.from(tiny.wheel);
      copy.fill(0xff, 60, 400);
      return copy;
    };
    const other = () => zip({ 'tf/include/a.h': Buffer.from('x') });
    const broken = (text: string) => {
      const binding = join(root.path, `binding-${cacheCount++}`);
      mkdirSync(binding);
      writeFileSync(join(binding, 'addon.cc'), text);
      return { ...tiny.source, binding };
    };

    it.each<[string, () => Promise<unknown>, string, RegExp]>([
      [
        'a truncated wheel',
        () => setUp(repinned(tiny.manifest, truncated()), { cacheDir: freshCache(truncated()) }),
        'engine-failed',
        /eqnet_tiny-9\.9\.9-py3-none-any\.whl is damaged/,
      ],
      [
        'a wheel with damaged content',
        () => setUp(repinned(tiny.manifest, damaged()), { cacheDir: freshCache(damaged()) }),
        'engine-failed',
        /is damaged/,
      ],
      [
        'a wheel without the libraries',
        () => setUp(repinned(tiny.manifest, other()), { cacheDir: freshCache(other()) }),
        'engine-failed',
        /does not contain tf\/libtensorflow_cc\.so\.2, tf\/libtensorflow_framework\.so\.2/,
      ],
      [
        'an index with another file',
        () => setUp(repinned(tiny.manifest, other()), { cacheDir: freshCache(), env: offline(tiny.wheel) }),
        'engine-failed',
        /not the pinned file/,
      ],
      [
        'an index without the file',
        () => setUp(tiny.manifest, { cacheDir: freshCache() }),
        'engine-failed',
        /pip could not download eqnet-tiny 9\.9\.9 .*check the network/,
      ],
      [
        'source that does not compile',
        () => setUp(tiny.manifest, { cacheDir: freshCache(tiny.wheel) }, broken('int main( {')),
        'engine-failed',
        /could not compile the TensorFlow addon \(.*error/,
      ],
      [
        'an addon that does not load',
        () => setUp(tiny.manifest, { cacheDir: freshCache(tiny.wheel) }, broken('extern "C" void absent(); static int x = (absent(), 1);')),
        'engine-failed',
        /does not load \(.*absent/,
      ],
      [
        'an addon of another TensorFlow',
        () => setUp({ ...tiny.manifest, tensorflow: '8.8.8' }, { cacheDir: freshCache(tiny.wheel) }),
        'engine-failed',
        /calls itself 9\.9\.9/,
      ],
      [
        'a disk that is too small',
        () =>
          setUp({ ...tiny.manifest, wheels: [{ ...tiny.manifest.wheels[0], unpackedBytes: 1e18 }] }, { cacheDir: freshCache(tiny.wheel) }),
        'disk-full',
        /needs 1000000000\.1 GB .*EQNET_CACHE/,
      ],
      [
        'no compiler',
        () => setUp(tiny.manifest, { cacheDir: freshCache(tiny.wheel), env: environmentWith(root.path, []) }),
        'engine-missing',
        /No C\+\+ compiler was found .*install g\+\+/,
      ],
      [
        'no Python',
        () => setUp(tiny.manifest, { cacheDir: freshCache(), env: environmentWith(root.path, ['c++']) }),
        'engine-missing',
        /No Python with pip was found .*python3-pip/,
      ],
      [
        'a Python without pip',
        () => setUp(tiny.manifest, { cacheDir: freshCache(), env: environmentWithBarePython(root.path, ['c++']) }),
        'engine-missing',
        /python3 \(Python 3.*\) has no pip, .*python3-pip/,
      ],
    ])('%s', async (_, act, code, sentence) => {
      const failure: unknown = await act().then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code, message: expect.stringMatching(sentence) as string });
      const cacheDir = join(
        root.path,
        readdirSync(root.path)
          .filter((name) => name.startsWith('cache-'))
          .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)))
          .at(-1) ?? '',
      );
      expect(leftovers(cacheDir)).toEqual([]);
    });

    it.each(['Unpacking eqnet-tiny 9.9.9', 'Compiling the addon', 'Downloading eqnet-tiny 9.9.9'])('a stop while %s', async (step) => {
      const cacheDir = step.startsWith('Downloading') ? freshCache() : freshCache(tiny.wheel);
      const stop = new AbortController();
      const onProgress = (progress: EngineProgress) => progress.step === step && stop.abort();
      await expect(setUp(tiny.manifest, { cacheDir, onProgress, signal: stop.signal })).rejects.toMatchObject({ code: 'stopped' });
      expect(leftovers(cacheDir)).toEqual([]);
      expect(existsSync(join(cacheDir, 'downloads', tiny.manifest.wheels[0].file))).toBe(!step.startsWith('Downloading'));
    });

    it('a cache that cannot be a folder', async () => {
      const file = join(root.path, 'a-file');
      writeFileSync(file, '');
      await expect(setUp(tiny.manifest, { cacheDir: join(file, 'cache') })).rejects.toMatchObject({
        code: 'engine-failed',
        message: expect.stringMatching(/cannot be used \(ENOTDIR\): set EQNET_CACHE/) as string,
      });
    });
  });
});
