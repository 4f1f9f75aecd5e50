import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { buildFusedOps, locateFusedOps } from './fused-ops.ts';
import { locateEngine } from './locate.ts';

const engine = locateEngine({ gpu: false });

test.skipIf(!engine)(
  `the ops compile against the installed engine${engine ? '' : ' (skipped: no TensorFlow engine is installed)'}`,
  async () => {
    const folder = dirname(dirname(engine!.libDir));
    const built = await buildFusedOps(folder, engine!.addonPath);
    expect(built).toEqual(locateFusedOps(folder));
  },
);
