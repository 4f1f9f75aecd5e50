import { flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextTick } from 'vue';
import type { AppInfo, SampleView } from '../../shared/contract/api/views.ts';
import { i18n, setLanguage } from '../i18n.ts';
import { useApp } from '../stores/app.ts';
import { setLink } from '../stores/host.ts';
import { useProjects } from '../stores/projects.ts';
import { MemoryHost, recipeOf } from '../testing/memory-host.ts';
import NewProjectDialog from './NewProjectDialog.vue';
import { useDialogs } from './dialogs.ts';

setLanguage('en');
let host: MemoryHost;
let open: { unmount(): void } | null = null;
beforeEach(() => {
  setActivePinia(createPinia());
  host = new MemoryHost();
  host.samples = [{ recipe: recipeOf({ name: 'first' }), title: 'First' } as SampleView];
  setLink(host.link('me'));
});
afterEach(() => open?.unmount());

const button = (): HTMLButtonElement =>
  [...document.querySelectorAll<HTMLButtonElement>('button')].find((each) => each.textContent?.trim() === 'Make project')!;
async function typeName(name: string): Promise<void> {
  const field = document.querySelector<HTMLInputElement>('#new-project input')!;
  field.value = name;
  field.dispatchEvent(new Event('input'));
  await nextTick();
}

test.each([
  ['the host has said where projects lie', ['facts', 'open', 'name']],
  ['a window that still waits for the host', ['open', 'facts', 'name']],
  ['a name typed before the host has answered', ['open', 'name', 'facts']],
])('a project can be made: %s', async (_, order) => {
  open = mount(NewProjectDialog, { attachTo: document.body, global: { plugins: [i18n] } });
  const app = useApp();
  for (const what of order) {
    if (what === 'open') useDialogs().newProject = { template: null };
    else if (what === 'name') await typeName('mine');
    else {
      app.link = 'open';
      app.info = { projectsFolder: '/projects' } as AppInfo;
    }
    await flushPromises();
  }
  expect(button().disabled).toBe(false);
  button().click();
  await flushPromises();
  expect([...host.projects.keys()]).toEqual(['/projects/mine.eqnet']);
  expect(useProjects().view?.draft.name).toBe('first');
  expect(useDialogs().newProject).toBeNull();
});
