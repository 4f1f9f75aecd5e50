/** The finished project of the stories, made once. */
import { expect, test } from '@playwright/test';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ensureApp } from '../../scripts/lib/build-app.mjs';
import { eqnet, FINISHED } from '../kit/project.ts';
import { storyRecipeFile } from '../kit/story-recipe.ts';

test('the app is built, and a run of the story recipe is finished', async () => {
  await ensureApp(() => undefined);
  rmSync(FINISHED, { recursive: true, force: true });
  mkdirSync(dirname(FINISHED), { recursive: true });
  const { code, err } = await eqnet('run', storyRecipeFile(dirname(FINISHED)), '--project', FINISHED, '--json');
  expect(code, err).toBe(0);
});
