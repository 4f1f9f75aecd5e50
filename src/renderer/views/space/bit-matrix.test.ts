import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nextTick } from 'vue';
import { viewNetwork } from '../../../shared/domain/network-view.ts';
import { resnet } from '../../../shared/domain/test-networks.ts';
import { i18n } from '../../i18n.ts';
import { setLink } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';
import { MemoryHost } from '../../testing/memory-host.ts';
import BitMatrix from './BitMatrix.vue';
import { useSpace, type SpaceModel } from './use-space.ts';

const FOLDER = '/projects/a.eqnet';
const GRAPH = resnet(18);

beforeEach(() => {
  setActivePinia(createPinia());
  sessionStorage.clear();
});
afterEach(() => (document.body.innerHTML = ''));

async function build() {
  const host = new MemoryHost();
  host.add(FOLDER);
  host.network = viewNetwork(GRAPH);
  setLink(host.link('me'));
  const projects = useProjects();
  await projects.open(FOLDER);
  await vi.waitUntil(() => projects.network);
  let model!: SpaceModel;
  const matrix = mount(
    { components: { BitMatrix }, setup: () => ({ model: (model = useSpace()) }), template: '<BitMatrix :model="model" />' },
    { attachTo: document.body, global: { plugins: [i18n] } },
  );
  await nextTick();
  const key = async (name: string, held: object = {}) => {
    await matrix.find('[tabindex="0"]').trigger('keydown', { key: name, ...held });
    await nextTick();
  };
  const press = async (...names: string[]) => {
    for (const name of names) await key(name);
  };
  const layer = (name: string) => projects.draft!.space.layers[name];
  return { projects, model, matrix, key, press, layer };
}

test('one cell takes the focus with Tab, arrows move it, locked ones say so', async () => {
  const { matrix, press } = await build();
  const focused = () => matrix.findAll('[tabindex="0"]').map((cell) => cell.attributes('aria-label'));
  expect(focused()).toEqual(['Every free layer, weights, 2 bits, allowed']);
  await press('ArrowDown', 'ArrowRight');
  expect(focused()).toEqual(['conv1, weights, 3 bits, cannot be chosen']);
  await press('2', ' ', 'End');
  expect(focused()).toEqual(['conv1, activations, 8 bits, fixed']);
});

test('digits, Space, a selection, a column and Delete change the space, each with a sentence and undo', async () => {
  const { projects, model, key, press, layer } = await build();
  await press('ArrowDown', 'ArrowDown', '2');
  expect(layer('layer1.0.conv1')).toEqual({ weightBits: [3, 4, 5, 6, 7, 8] });
  expect(projects.undoLabel).toBe('layer1.0.conv1 weights 3–8, was 2–8');
  expect(model.note.value).toMatchObject({ what: 'layer1.0.conv1 weights 3–8', was: '2–8', growth: 'the space shrank by 14 %' });

  await key('ArrowRight', { shiftKey: true });
  await key('ArrowDown', { shiftKey: true });
  await press(' ');
  expect([layer('layer1.0.conv1'), layer('layer1.0.conv2')]).toEqual([undefined, undefined]);
  await press(' ');
  expect([layer('layer1.0.conv1'), layer('layer1.0.conv2')].map((own) => own?.weightBits)).toEqual([
    [4, 5, 6, 7, 8],
    [4, 5, 6, 7, 8],
  ]);
  await press('Delete');
  expect(projects.draft!.space.layers).toEqual({});
  await press('Escape');
  await key(' ', { ctrlKey: true });
  expect(projects.draft!.space.weightBits).toEqual([2, 4, 5, 6, 7, 8]);
  projects.undo();
  projects.undo();
  expect(Object.keys(projects.draft!.space.layers)).toEqual(['layer1.0.conv1', 'layer1.0.conv2']);
});

test('the last bit-width of a layer stays, and the reason is told', async () => {
  const { projects, model, press } = await build();
  projects.editDraft('one', (recipe) => void (recipe.space.layers = { 'layer1.0.conv1': { weightBits: [2] } }));
  await nextTick();
  await press('ArrowDown', 'ArrowDown', '2');
  expect(projects.draft!.space.layers).toEqual({ 'layer1.0.conv1': { weightBits: [2] } });
  expect(model.refusal.value).toBe('layer1.0.conv1 keeps what it has: one bit-width has to stay.');
});
