import { describe, expect, test } from 'vitest';
import { APP_ORIGIN, interfaceOrigin, originOf } from './origin.ts';
import { isTrustedSender, mayOpenOutside } from './security.ts';

test.each([
  ['app://workbench/index.html#/train', APP_ORIGIN],
  ['http://localhost:5173/index.html', 'http://localhost:5173'],
  ['app://workbench.evil.example/', 'app://workbench.evil.example'],
  ['about:blank', 'about://'],
  ['', ''],
  ['no address', ''],
])('the origin of %s is %s', (address, origin) => {
  expect(originOf(address)).toBe(origin);
});

test.each([
  { packaged: true, url: undefined, origin: APP_ORIGIN },
  { packaged: false, url: undefined, origin: APP_ORIGIN },
  { packaged: false, url: 'http://localhost:5173', origin: 'http://localhost:5173' },
  { packaged: true, url: 'http://localhost:5173', origin: APP_ORIGIN },
  { packaged: false, url: '', origin: APP_ORIGIN },
  { packaged: false, url: 'nonsense', origin: APP_ORIGIN },
])('the interface of $url (packaged: $packaged) comes from $origin', ({ packaged, url, origin }) => {
  expect(interfaceOrigin(packaged, url)).toBe(origin);
});

describe('isTrustedSender', () => {
  const main = { url: `${APP_ORIGIN}/index.html` };
  const sender = { mainFrame: main };

  test('the main frame of a page of ours is heard', () => {
    expect(isTrustedSender({ senderFrame: main, sender }, APP_ORIGIN)).toBe(true);
  });

  test.each([
    ['a frame inside it', { url: `${APP_ORIGIN}/index.html` }, main],
    ['a frame that is gone', null, main],
    ['another page', { url: 'https://evil.example/' }, undefined],
    ['a page without an address', { url: '' }, undefined],
    ['a local file', { url: 'file:///index.html' }, undefined],
    ['a host that begins like ours', { url: 'app://workbench.evil.example/' }, undefined],
    ['our host under another scheme', { url: 'https://workbench/' }, undefined],
  ])('%s is not', (_name, senderFrame, mainFrame) => {
    expect(isTrustedSender({ senderFrame, sender: { mainFrame: mainFrame ?? senderFrame ?? main } }, APP_ORIGIN)).toBe(false);
  });
});

test.each([
  ['https://arxiv.org/abs/2308.07650', true],
  ['https://www.tensorflow.org/install', true],
  ['https://github.com/a/b#c', true],
  ['http://arxiv.org/', false],
  ['https://arxiv.org:8443/', false],
  ['https://user:secret@arxiv.org/', false],
  ['https://arxiv.org.evil.example/', false],
  ['https://evilarxiv.org/', false],
  ['https://evil.example/?https://arxiv.org', false],
  ['file:///etc/passwd', false],
  ['javascript:alert(1)', false],
  ['app://workbench/', false],
  ['smb://share/x', false],
  ['', false],
])('may %s be opened in the browser: %s', (address, may) => {
  expect(mayOpenOutside(address)).toBe(may);
});
