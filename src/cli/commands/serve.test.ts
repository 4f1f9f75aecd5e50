import { expect, test } from 'vitest';
import { ProgressView } from '../progress-view.ts';
import { runCli } from '../run-cli.ts';

test.each([
  [['--port', '70000'], /'70000' is invalid.*whole number from 0 to 65535/],
  [['--port', '-1'], /whole number from 0 to 65535/],
  [['--port', '80x'], /whole number from 0 to 65535/],
  [['--host', 'a b'], /name or number without port/],
  [['--root', ''], /must not be empty/],
  [['--tls-cert', 'cert.pem'], /^eqnet: --tls-cert needs --tls-key as well: give both files\.$/],
  [['--tls-key', 'key.pem'], /^eqnet: --tls-key needs --tls-cert as well: give both files\.$/],
  [['--nonsense'], /unknown option '--nonsense'/i],
  [['here'], /too many arguments/i],
])('serve %j is refused in one sentence', async (options, sentence) => {
  let said = '';
  const view = new ProgressView({ write: (text: string) => void (said += text) });
  const exit = await runCli(['serve', ...options], { out: () => undefined, view, signal: new AbortController().signal });
  expect(said.trim()).toMatch(sentence);
  expect(exit).toBe(2);
});
