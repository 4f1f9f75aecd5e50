// `npm run dev`: the desktop app with hot reload; `npm run dev -- --browser`: the browser host with hot reload.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer as createListener } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findElectron } from './lib/electron.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const say = (text) => process.stderr.write(`${text}\n`);

async function desktop(args) {
  const electron = await findElectron(say);
  if ('problem' in electron) {
    say(`The desktop app cannot run here because ${electron.problem}: 'npm run dev -- --browser' works without it.`);
    return 1;
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  const child = spawn(process.execPath, [at('node_modules/electron-vite/bin/electron-vite.js'), 'dev', '--watch', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ELECTRON_EXEC_PATH: electron.path },
  });
  return new Promise((done) => child.once('close', (code) => done(code ?? 0)));
}

function freePort() {
  return new Promise((done, failed) => {
    const listener = createListener().once('error', failed);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => done(port));
    });
  });
}

/** The browser host as a child process that can be started again with the same port and token. */
class Host {
  constructor(port, args) {
    this.port = port;
    this.args = args;
    this.token = process.env.EQNET_TOKEN ?? randomBytes(24).toString('base64url');
  }

  /** Resolves when it listens, or has ended. */
  start() {
    const child = spawn(process.execPath, [at('scripts/eqnet.mjs'), 'serve', '--port', String(this.port), ...this.args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, EQNET_TOKEN: this.token },
    });
    this.child = child;
    this.ended = new Promise((done) => child.once('close', done));
    return Promise.race([new Promise((done) => child.stdout.once('data', done)), this.ended]);
  }

  async stop() {
    this.child.kill('SIGINT');
    await this.ended;
  }
}

async function browser(args) {
  const [{ createServer }, { resolveConfig }] = await Promise.all([import('vite'), import('electron-vite')]);
  const host = new Host(await freePort(), args);
  await host.start();
  if (host.child.exitCode !== null) return host.child.exitCode;

  const { config } = await resolveConfig({ root, configFile: at('electron.vite.config.ts') }, 'serve', 'development');
  const target = `http://127.0.0.1:${host.port}`;
  // name and origin of the page go through as they are: the host compares them with each other
  const pages = await createServer({
    ...config.renderer,
    root: resolve(root, config.renderer.root),
    server: { host: '127.0.0.1', proxy: { '/rpc': { target, ws: true }, '/session': { target } } },
  });
  await pages.listen();
  say(`The workbench with hot reload: ${pages.resolvedUrls.local[0]}#token=${host.token}`);

  // changes of the interface are vite's own; the host starts anew after changes of its own sources
  let restarting = Promise.resolve();
  let timer;
  const sources = ['host', 'server', 'shared', 'worker', 'cli'].map((name) => at('src', name));
  pages.watcher.add(sources).on('change', (file) => {
    if (!sources.some((folder) => resolve(file).startsWith(folder)) || file.endsWith('.test.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      restarting = restarting.then(async () => {
        say('The host starts anew ...');
        await host.stop();
        await host.start();
      });
    }, 300);
  });
  await new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, done);
  });
  clearTimeout(timer);
  await restarting;
  await Promise.all([pages.close(), host.stop()]);
  return 0;
}

const args = process.argv.slice(2);
const rest = args.filter((arg) => arg !== '--browser');
process.exit(await (args.includes('--browser') ? browser(rest) : desktop(rest)));
