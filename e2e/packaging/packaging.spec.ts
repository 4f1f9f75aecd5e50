/**
 * Packs the desktop app around a folder that looks like Electron's, and looks at the result: fuses, contents, and that
 * what was packed runs (the archive, laid out, in Electron or the stand-in; the worker in a plain Node.js).
 */
import { _electron, expect, test } from '@playwright/test';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { execFile, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LaunchEngine } from '../../src/host/engine-choice.ts';
import { locateEngine } from '../../src/host/engine/locate.ts';
import { bundledRecipe } from '../../src/host/recipes.ts';
import type { WorkerMessage } from '../../src/shared/contract/job-protocol.ts';
import { chooseElectron } from '../electron-stand-in/electron-binary.ts';
import { extractArchive, readArchive } from './asar.ts';
import { makeFakeDist } from './fake-dist.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const version = (createRequire(import.meta.url)('electron/package.json') as { version: string }).version;

test.describe.configure({ mode: 'serial' });
test.skip(process.platform !== 'linux', 'the folder that looks like Electron is that of Linux');

let folder: string;
let packed: string;
let archive: string;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  folder = mkdtempSync(join(tmpdir(), 'eqnet-packaging-'));
  const run = promisify(execFile);
  await run(process.execPath, [join(root, 'scripts', 'build-app.mjs')], { cwd: root });
  const dist = makeFakeDist(join(folder, 'electron'), version);
  const output = join(folder, 'output');
  const builder = createRequire(import.meta.url).resolve('electron-builder/cli.js');
  const args = ['--linux', 'dir', `-c.electronDist=${dist}`, `-c.directories.output=${output}`];
  await run(process.execPath, [builder, ...args], { cwd: root, maxBuffer: 2 ** 24 });
  packed = join(output, 'linux-unpacked');
  archive = join(packed, 'resources', 'app.asar');
});

test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every fuse that guards the installed app is set', async () => {
  const wire = await getCurrentFuseWire(join(packed, 'eqnet-workbench'));
  const expected: Partial<Record<FuseV1Options, FuseState>> = {
    [FuseV1Options.RunAsNode]: FuseState.DISABLE,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: FuseState.DISABLE,
    [FuseV1Options.EnableNodeCliInspectArguments]: FuseState.DISABLE,
    [FuseV1Options.EnableCookieEncryption]: FuseState.ENABLE,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: FuseState.ENABLE,
    [FuseV1Options.OnlyLoadAppFromAsar]: FuseState.ENABLE,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: FuseState.DISABLE,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: FuseState.DISABLE,
  };
  expect(wire).toMatchObject(expected);
});

test('the archive has the program and nothing of its making', () => {
  const files = readArchive(archive);
  const paths = files.map(({ path }) => path);
  for (const path of [
    'package.json',
    'out/main/index.js',
    'out/preload/index.cjs',
    'out/renderer/index.html',
    'resources/recipes/tiny.json',
  ]) {
    expect(paths).toContain(path);
  }
  const ours = paths.filter((path) => !path.startsWith('node_modules/'));
  expect(
    ours.filter(
      (path) => !/^(out\/(main|preload|renderer)\/|resources\/(recipes|engine|digits)\/|package\.json$|LICENSE$|NOTICE$)/.test(path),
    ),
  ).toEqual([]);
  expect(
    paths.filter((path) =>
      /stand-in|\.(test|spec)\.[cm]?[jt]s$|(^|\/)e2e\/|node_modules\/(electron|vite|vitest|typescript|vue|playwright)/.test(path),
    ),
  ).toEqual([]);
  // the interface, the preload script and the main process are guarded by the archive's integrity check
  const beside = ours.filter((path) => files.find((file) => file.path === path)!.content === null);
  expect(
    beside.filter(
      (path) =>
        !/^(package\.json|LICENSE|NOTICE|out\/main\/(worker|batch-thread)\.js|out\/main\/chunks\/.*|resources\/digits\/.*)$/.test(path),
    ),
  ).toEqual([]);
});

test('native parts and the sources of the addon lie beside the archive, for this system only', () => {
  const beside = `${archive}.unpacked`;
  const has = (path: string) => existsSync(join(beside, 'node_modules', path));
  expect(has('@tensorflow/tfjs-node-gpu/binding/tfjs_backend.cc')).toBe(true);
  expect(has('../resources/engine/native/fake_quant.cc')).toBe(true);
  expect(has('node-api-headers/include/node_api.h')).toBe(true);
  expect(has(`onnxruntime-node/bin/napi-v6/linux/${process.arch}/onnxruntime_binding.node`)).toBe(true);
  expect(has('onnxruntime-node/bin/napi-v6/win32')).toBe(false);
  expect(readArchive(archive).filter(({ path, content }) => path.endsWith('.node') && content)).toEqual([]);
});

/** The native engine is there after `npm test` has set it up; on a machine that cannot have it only the portable one is tried. */
const located = locateEngine();
const engines: LaunchEngine[] = [
  { executor: 'portable', version: '' },
  ...(located ? [{ executor: 'session' as const, version: '', addonPath: located.addonPath }] : []),
];
for (const engine of engines)
  test(`the packed worker runs in a plain Node.js, with the ${engine.executor} engine and real images`, async () => {
    const worker = fork(join(`${archive}.unpacked`, 'out', 'main', 'worker.js'), { serialization: 'advanced', silent: true });
    const recipe = bundledRecipe('tiny');
    let said = '';
    worker.stderr!.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const answer = new Promise<WorkerMessage>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (['opened', 'failed'].includes(message.type)) resolve(message);
      });
      worker.once('exit', (code) => reject(new Error(`the worker ended with exit code ${code}: ${said}`)));
    });
    worker.send({
      type: 'open',
      options: {
        recipe,
        runDirectory: join(folder, `run-${engine.executor}`),
        fingerprint: 'packaging',
        engine: { executor: engine.executor, addonPath: engine.addonPath },
      },
    });
    const message = await answer;
    const ended = new Promise((resolve) => {
      worker.once('close', resolve);
    });
    worker.send({ type: 'close' });
    expect(message, JSON.stringify(message)).toMatchObject({ type: 'opened', info: { images: { train: 600 } } });
    expect(await ended).toBe(0);
  });

test('the packed app starts', async () => {
  const plain = join(folder, 'plain');
  extractArchive(archive, plain);
  chooseElectron();
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const app = await _electron.launch({ args: [plain], env: { ...env, EQNET_DATA: join(folder, 'data') } });
  try {
    const page = await app.firstWindow();
    await expect(page).toHaveTitle(/EQ-Net Workbench/);
    await expect(page.getByRole('main')).toBeVisible();
  } finally {
    await app.close();
  }
});
