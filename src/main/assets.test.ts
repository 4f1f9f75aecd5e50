import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../shared/security.ts';
import { answerAsset, resolveAsset } from './assets.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-protocol-'));
const root = join(folder, 'renderer');
mkdirSync(join(root, 'assets'), { recursive: true });
writeFileSync(join(root, 'index.html'), '<!doctype html>');
writeFileSync(join(root, 'assets', 'index-B1_x.js'), 'export {};');
writeFileSync(join(folder, 'secret.js'), 'secret');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('resolveAsset', () => {
  test.each([
    ['app://workbench/', 'index.html'],
    ['app://workbench', 'index.html'],
    ['app://workbench/index.html', 'index.html'],
    ['app://workbench/index.html?x=1#/train', 'index.html'],
    ['app://workbench/assets/index-B1_x.js', 'assets/index-B1_x.js'],
    // the address itself climbs no higher than its root
    ['app://workbench/../../index.html', 'index.html'],
    ['app://workbench/%2e%2e/index.html', 'index.html'],
  ])('%s is %s', (address, path) => {
    expect(resolveAsset(root, address)).toBe(join(root, path));
  });

  test.each([
    ['another host', 'app://elsewhere/index.html'],
    ['a host with a port', 'app://workbench:80/index.html'],
    ['a name before the host', 'app://user@workbench/index.html'],
    ['another scheme', 'file:///etc/passwd'],
    ['https', 'https://workbench/index.html'],
    ['no address', 'index.html'],
    ['dots behind an escaped slash', 'app://workbench/..%2fsecret.js'],
    ['escaped dots behind an escaped slash', 'app://workbench/assets/%2e%2e%2f%2e%2e%2fsecret.js'],
    ['twice escaped dots', 'app://workbench/%252e%252e/secret.js'],
    ['an escaped backslash', 'app://workbench/..%5csecret.js'],
    ['a drive', 'app://workbench/C:/windows/win.ini'],
    ['a stream', 'app://workbench/index.html::$DATA'],
    ['a NUL', 'app://workbench/index.html%00.js'],
    ['broken escapes', 'app://workbench/%E0%A4'],
    ['an absolute path', 'app://workbench//etc/passwd'],
  ])('refuses %s: %s', (_name, address) => {
    expect(resolveAsset(root, address)).toBeNull();
  });
});

describe('answerAsset', () => {
  const ask = (path: string, method = 'GET') => answerAsset(root, { url: `app://workbench${path}`, method });

  test('sends a file with its type and the security headers', async () => {
    const response = await ask('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('<!doctype html>');
  });

  test.each([
    ['a missing file', '/missing.js', 'GET', 404],
    ['a folder', '/assets', 'GET', 404],
    ['a way out', '/..%2fsecret.js', 'GET', 404],
    ['writing', '/', 'POST', 405],
    ['head', '/', 'HEAD', 200],
  ])('%s: %s %s is %i, without content and with the policy', async (_name, path, method, status) => {
    const response = await ask(path, method);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });
});

test('the policy allows the program itself and nothing that is injected', () => {
  const policy = new Map(CONTENT_SECURITY_POLICY.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]));
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('script-src')).toBe("'self'");
  expect(policy.get('style-src')).toBe("'self'");
  expect(policy.get('font-src')).toBe("'self'");
  expect(policy.get('connect-src')).toBe("'self'");
  for (const directive of ['base-uri', 'form-action', 'frame-ancestors']) expect(policy.get(directive)).toBe("'none'");
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-eval|script-src[^;]*unsafe|style-src [^;]*unsafe|https?:|\*/);
});
