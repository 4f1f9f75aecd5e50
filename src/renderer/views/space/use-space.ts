/** What the Space screen works on: the draft's space, what is being painted, and edits with a sentence for each. */
import { computed, shallowRef } from 'vue';
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';
import { spaceProblems } from '../../../shared/domain/layer-space.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import type { RunView } from '../../../shared/contract/api/views.ts';
import { t } from '../../i18n.ts';
import { useApp } from '../../stores/app.ts';
import { useProjects, type EditResult } from '../../stores/projects.ts';
import { networkRow, rowsOf } from './matrix-rows.ts';
import { applyPreset, type Preset } from './presets.ts';
import {
  canPin,
  isPinned,
  overriddenLayers,
  paint as painted,
  pinLayers,
  readersWith,
  resetAll,
  resetLayers,
  setLayers,
  setNetwork,
  setOf,
  spaceNet,
  toggled,
  type Axis,
  type FormField,
  type Paint,
  type Space,
} from './space-edits.ts';
import { bitsText, factorText, growthOf, sharePercent, spaceFacts } from './space-facts.ts';

/** An edit in words. */
export interface Note {
  what: string;
  was: string;
  growth: string;
}
/** By the label of the edit in the history, so that undo and redo find it again; kept while the window lives. */
const notes = new Map<string, Note>();
const MAX_NOTES = 400;

/** A stored space with what older recipes lack. */
const complete = (space: unknown): Space => recipeSchema.shape.space.parse(space);

export type MatrixView = 'layers' | 'stages';

export function useSpace() {
  const app = useApp();
  const projects = useProjects();

  const network = computed(() => projects.network);
  const space = computed<Space | null>(() => projects.draft?.space ?? null);
  const net = computed(() => (network.value ? spaceNet(network.value.layers, network.value.points, space.value?.pinned) : null));
  /** the space while it is being painted */
  const preview = shallowRef<Space | null>(null);
  const shown = computed(() => preview.value ?? space.value);
  /** why the last edit did less than it was asked for */
  const refusal = shallowRef('');

  const facts = computed(() => (shown.value && net.value ? spaceFacts(shown.value, net.value) : null));
  const problems = computed(() => (space.value && net.value ? spaceProblems(space.value, net.value.facts, net.value.points) : []));
  const overridden = computed(() => (space.value ? overriddenLayers(space.value) : []));

  const view = computed<MatrixView>(() => (projects.ui<string>('spaceView', 'layers') === 'stages' ? 'stages' : 'layers'));
  const setView = (next: MatrixView): void => void app.attempt(() => projects.saveUi({ spaceView: next }));
  /** the row of the network first */
  const rows = computed(() => {
    if (!shown.value || !net.value || !network.value) return [];
    return [networkRow(shown.value, net.value), ...rowsOf(shown.value, net.value, network.value.graph, view.value)];
  });

  function growthText(before: Space, after: Space): string {
    const { value } = network;
    if (!value) return '';
    // each with its own layers kept at 8 bits
    const [from, to] = [before, after].map((each) => spaceFacts(each, spaceNet(value.layers, value.points, each.pinned)));
    if (!from || !to) return '';
    const { direction, share, factor } = growthOf(from.size, to.size);
    if (direction === 'same') return t('space.growth.same');
    return share === null
      ? t(`space.growth.${direction}Factor`, { factor: factorText(factor) })
      : t(`space.growth.${direction}`, { share: sharePercent(share) });
  }

  /** Makes a space the draft's; `what` and `was` tell what was done. */
  function change(next: Space, what: string, was = '', merge: string | null = null): EditResult {
    const before = space.value;
    if (!before) return { ok: false, problems: [] };
    refusal.value = '';
    if (canonicalJson(before) === canonicalJson(next)) return { ok: true };
    const label = was ? t('space.note.was', { what, before: was }) : what;
    const result = projects.editDraft(label, (recipe) => void (recipe.space = next), merge);
    if (!result.ok) return result;
    notes.delete(label);
    notes.set(label, { what, was, growth: growthText(before, next) });
    if (notes.size > MAX_NOTES) notes.delete(notes.keys().next().value!);
    return result;
  }
  /** What the last edit did; null when it was none of this screen. */
  const note = computed<Note | null>(() => (projects.undoLabel === null ? null : (notes.get(projects.undoLabel) ?? null)));

  const axisName = (axis: Axis): string => t(`space.axis.${axis}`);
  const everyFree = (): string => t('space.everyFree');

  function describe(paint: Paint, before: Space, after: Space): [string, string] {
    const { target, axis, bits, on } = paint;
    const named = { axis: axisName(axis), bits: bitsText(bits) };
    if (target === 'all') return [t(on ? 'space.note.addedEverywhere' : 'space.note.removedEverywhere', named), ''];
    if (target === 'network') {
      return [t('space.note.set', { name: everyFree(), axis: axisName(axis), bits: bitsText(after[axis]) }), bitsText(before[axis])];
    }
    const names = target.filter((name) => setText(before, name, axis) !== setText(after, name, axis));
    const sets = (of: Space): string[] => [...new Set(names.map((name) => setText(of, name, axis)))];
    const name = names.length === 1 ? names[0] : t('space.layers', { count: names.length }, names.length);
    if (sets(before).length === 1 && sets(after).length === 1) {
      return [t('space.note.set', { name, axis: axisName(axis), bits: sets(after)[0] }), sets(before)[0]];
    }
    return [t(on ? 'space.note.added' : 'space.note.removed', { ...named, name }), ''];
  }
  const setText = (of: Space, name: string, axis: Axis): string => (net.value ? bitsText(setOf(of, net.value, name, axis)) : '');

  function paint(paint: Paint): void {
    const [before, about] = [space.value, net.value];
    if (!before || !about) return;
    const { space: next, kept } = painted(before, about, paint);
    const [what, was] = describe(paint, before, next);
    change(next, what, was);
    if (kept.length) refusal.value = t('space.note.kept', { name: kept.map((name) => name || everyFree()).join(', ') }, kept.length);
  }
  /** Shows what an edit would do; null ends it. */
  function tryPaint(paint: Paint | null): void {
    preview.value = paint && space.value && net.value ? painted(space.value, net.value, paint).space : null;
  }

  function reset(layers: readonly string[]): void {
    if (!space.value || !net.value) return;
    const own = layers.filter((name) => overridden.value.includes(name));
    if (own.length === 0) return;
    const name = own.length === 1 ? own[0] : t('space.layers', { count: own.length }, own.length);
    change(resetLayers(space.value, net.value, own), t('space.note.reset', { name }, own.length));
  }
  /** Keeps layers at 8 bits, or frees them; the first and the last one stay as they are. */
  function pin(layers: readonly string[], on: boolean): void {
    if (!space.value || !net.value) return;
    const own = layers.filter((name) => canPin(net.value!, name) && isPinned(space.value!, name) !== on);
    if (own.length === 0) return;
    const name = own.length === 1 ? own[0] : t('space.layers', { count: own.length }, own.length);
    change(pinLayers(space.value, net.value, own, on), t(on ? 'space.note.pinned' : 'space.note.freed', { name }, own.length));
  }
  function resetOverrides(): void {
    if (space.value) change(resetAll(space.value), t('space.note.resetAll', { count: overridden.value.length }, overridden.value.length));
  }
  function preset(name: Preset): void {
    if (space.value) change(applyPreset(space.value, name), t('space.note.preset', { name: t(`space.preset.${name}`) }));
  }
  /** Takes over the space that a run was started with. */
  function takeOver(run: RunView, title: string): void {
    change(complete(run.settings.space), t('space.note.ofRun', { run: title }));
  }
  const sameAs = (run: RunView): boolean =>
    space.value !== null && canonicalJson(complete(run.settings.space)) === canonicalJson(space.value);

  const valueNames = (field: FormField, values: readonly (number | string)[]): string =>
    values.map((value) => t(`space.value.${field === 'granularities' ? 'granularity' : 'symmetry'}.${value}`)).join(', ');
  /** Ticks a value of a form; `layer` null = the network. */
  function setForm(layer: string | null, field: FormField, value: string, on: boolean): void {
    if (!space.value || !net.value) return;
    const before = layer === null ? space.value[field] : setOf(space.value, net.value, layer, field);
    const after = toggled(field, before, value, on);
    const next = layer === null ? setNetwork(space.value, field, after) : setLayers(space.value, net.value, [layer], field, after);
    const name = layer ?? everyFree();
    change(
      next,
      t('space.note.form', { name, field: t(`space.form.${field}`), values: valueNames(field, after) }),
      valueNames(field, before),
    );
  }

  return {
    network,
    net,
    space,
    shown,
    facts,
    problems,
    overridden,
    view,
    setView,
    rows,
    note,
    refusal,
    change,
    paint,
    tryPaint,
    reset,
    pin,
    resetOverrides,
    preset,
    takeOver,
    sameAs,
    setForm,
    readers: (layer: string): string[] => (net.value ? readersWith(net.value, layer) : [layer]),
  };
}
export type SpaceModel = ReturnType<typeof useSpace>;
