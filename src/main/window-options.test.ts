import { expect, test } from 'vitest';
import { WINDOW_ARGUMENT } from '../shared/contract/desktop-bridge.ts';
import { windowOptions } from './window-options.ts';

const make = (platform: NodeJS.Platform, dark = true) =>
  windowOptions({ width: 1440, height: 900, maximized: true }, { dark, platform }, { preload: '/app/preload.cjs', id: 'w1' });

test.each(['linux', 'darwin', 'win32'] as const)('on %s a page is sandboxed, isolated and without Node', (platform) => {
  const options = make(platform);
  expect(options.webPreferences).toEqual({
    preload: '/app/preload.cjs',
    additionalArguments: [`${WINDOW_ARGUMENT}w1`],
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  });
  expect(options).toMatchObject({ show: false, minWidth: 1024, minHeight: 680, width: 1440, height: 900, titleBarStyle: 'hidden' });
});

test.each([
  ['linux', true, '#0d0e12'],
  ['win32', false, '#f2f3f5'],
] as const)('on %s the window buttons lie over the title bar of the interface, in its colours', (platform, dark, color) => {
  expect(make(platform, dark)).toMatchObject({ backgroundColor: color, titleBarOverlay: { color } });
});

test('macOS draws its own buttons', () => {
  expect(make('darwin').titleBarOverlay).toBeUndefined();
});
