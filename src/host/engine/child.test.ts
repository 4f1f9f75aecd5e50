import { describe, expect, it } from 'vitest';
import { runChild } from './child.ts';

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('runChild', () => {
  it('a program that is not found is a result, and leaves no timer that keeps the process alive', async () => {
    const before = timers();
    expect(await runChild('eqnet-no-such-program', [], { timeoutMs: 60_000 })).toMatchObject({ status: null, failure: 'ENOENT' });
    expect(timers()).toBe(before);
  });

  it('collects output and exit status', async () => {
    const script = "console.log('out'); console.error('err'); process.exitCode = 3";
    expect(await runChild(process.execPath, ['-e', script], { timeoutMs: 60_000 })).toEqual({
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('ends a program that takes longer than its time', async () => {
    const { status } = await runChild(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { timeoutMs: 50 });
    expect(status).toBeNull();
  });
});
