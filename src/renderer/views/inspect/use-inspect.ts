/** What the parts of Inspect share: the configuration that is shown, its edits, and what is known of it. */
import { computed, ref, shallowRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { configurationKey, parseConfigurationKey } from '../../../shared/domain/configuration.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { useRouter } from '../../router/router.ts';
import { useApp } from '../../stores/app.ts';
import { useCompare } from '../../stores/compare.ts';
import { DraftHistory } from '../../stores/draft-history.ts';
import { useMeasuring } from '../../stores/measuring.ts';
import { useNetworks } from '../../stores/networks.ts';
import { usePredictions } from '../../stores/predictions.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { useSelection } from '../../stores/selection.ts';
import { useSensitivity } from '../../stores/sensitivity.ts';
import { storedSettings } from '../../stores/stored-settings.ts';
import { changedLayers, choicesOf } from './edit.ts';
import { readInspectSettings } from './inspect-settings.ts';
import { layerRows, orderRows } from './layer-rows.ts';
import { findSubject, measuredOf, type Subject, type SubjectPlace } from './subject.ts';

/** ms without an edit before the predictor is asked */
const PREDICT_MS = 350;

/** Edits that go to one entry of the shelf; `entry` is null until the copy is made. */
interface Chain {
  entry: string | null;
  history: DraftHistory<Configuration>;
}
/** By folder and entry, so that undo outlasts a look at another screen. */
const chains = new Map<string, Chain>();

export function useInspect() {
  const { t } = useI18n();
  const app = useApp();
  const projects = useProjects();
  const runs = useRuns();
  const router = useRouter();
  const compare = useCompare();
  const measuring = useMeasuring();
  const networks = useNetworks();
  const predictions = usePredictions();
  const sensitivities = useSensitivity();
  const selection = useSelection();
  const settings = storedSettings('inspect', readInspectSettings);

  const place = computed<SubjectPlace | null>(() => {
    const { shelf, run, key } = router.params;
    if (shelf !== undefined || key !== undefined) return { shelf, run, key };
    const { last } = settings;
    const there = last.shelf === undefined ? last.key !== undefined : compare.shelf.some(({ id }) => id === last.shelf);
    if (there) return last;
    const first = compare.entries[0] ?? compare.shelf[0];
    return first ? { shelf: first.id } : null;
  });
  const found = computed(() => (place.value ? findSubject(place.value, runs.all, compare.shelf) : null));
  const stored = computed<Subject | null>(() => (typeof found.value === 'object' ? found.value : null));
  const problem = computed(() => (typeof found.value === 'string' ? found.value : null));
  const network = computed(() => networks.of(stored.value?.run ?? null));

  watch(
    stored,
    (subject) => {
      if (!subject) return;
      const next = subject.entry ? { shelf: subject.entry.id } : { run: subject.run.id, key: subject.key };
      if (JSON.stringify(next) !== JSON.stringify(settings.last)) settings.last = next;
    },
    { immediate: true },
  );

  // Edits.
  const version = ref(0);
  /** what was edited and is not answered by the host yet */
  const working = shallowRef<{ chain: Chain; configuration: Configuration } | null>(null);
  const origin = computed(() => (stored.value?.entry ? (settings.origins[stored.value.entry.id] ?? null) : null));
  /** a copy of ours that nothing was measured of: it is changed in place, everything else is copied first */
  const isOwn = computed(() => origin.value !== null && stored.value?.entry?.measured === null);
  const placeOf = (subject: Subject): string =>
    `${projects.view?.folder ?? ''}\n${subject.entry?.id ?? `${subject.run.id} ${subject.key}`}`;
  const chain = computed<Chain | null>(() => {
    void version.value;
    const subject = stored.value;
    if (!subject) return null;
    const known = chains.get(placeOf(subject));
    // what was measured stays as it is: its next edit begins a copy
    return known && (known.entry === null || isOwn.value) ? known : null;
  });
  const configuration = computed<Configuration | null>(() => {
    const subject = stored.value;
    if (!subject) return null;
    return working.value && working.value.chain === chain.value ? working.value.configuration : subject.configuration;
  });
  const key = computed(() => (configuration.value ? configurationKey(configuration.value) : ''));
  /** before the edits; null where nothing was edited */
  const before = computed<Configuration | null>(() => {
    const subject = stored.value;
    if (!subject) return null;
    if (origin.value) {
      try {
        return parseConfigurationKey(origin.value.key, subject.facts);
      } catch {
        return null;
      }
    }
    return chain.value ? subject.configuration : null;
  });
  const changes = computed(() => (before.value && configuration.value ? changedLayers(before.value, configuration.value) : []));

  let saving: Promise<void> | null = null;
  function edit(label: string, next: Configuration, merge: string | null = null): void {
    const subject = stored.value;
    const now = configuration.value;
    if (!subject || !now || configurationKey(next) === configurationKey(now)) return;
    let own = chain.value;
    if (!own) {
      own = { entry: isOwn.value ? subject.entry!.id : null, history: new DraftHistory() };
      chains.set(placeOf(subject), own);
    }
    own.history.push(label, now, next, merge, Date.now());
    show(own, next);
  }
  function show(own: Chain, next: Configuration): void {
    version.value++;
    working.value = { chain: own, configuration: next };
    saving ??= save().finally(() => (saving = null));
  }
  async function save(): Promise<void> {
    while (working.value) {
      const { chain: own, configuration: next } = working.value;
      try {
        if (own.entry === null) await makeCopy(own, next);
        else await compare.update(own.entry, { configuration: next });
        if (working.value?.configuration === next) working.value = null;
      } catch (error) {
        // what could not be stored is not shown as if it was
        working.value = null;
        own.history.clear();
        version.value++;
        app.fail(error);
      }
    }
  }
  async function makeCopy(own: Chain, next: Configuration): Promise<void> {
    const subject = stored.value;
    if (!subject) return;
    const from = placeOf(subject);
    const entry = await compare.add({
      run: subject.run.id,
      name: copyName(subject.name),
      configuration: next,
      candidateId: subject.entry?.candidateId ?? subject.candidate?.id ?? null,
      compare: false,
    });
    settings.origins = {
      ...Object.fromEntries(Object.entries(settings.origins).filter(([id]) => compare.shelf.some((each) => each.id === id))),
      [entry.id]: { key: subject.key, name: subject.name, shelf: subject.entry?.id ?? null },
    };
    own.entry = entry.id;
    chains.delete(from);
    chains.set(`${projects.view?.folder ?? ''}\n${entry.id}`, own);
    version.value++;
    router.go('inspect', { ...router.params, run: undefined, key: undefined, shelf: entry.id });
  }
  /** Name of an edited copy that no other entry has. */
  function copyName(name: string): string {
    const base = origin.value?.name ?? name;
    const taken = new Set(compare.shelf.map((entry) => entry.name));
    for (let count = 1; ; count++) {
      const wanted = count === 1 ? t('inspect.copyName', { name: base }) : t('inspect.copyNameNumber', { name: base, number: count });
      if (!taken.has(wanted)) return wanted;
    }
  }
  const undoLabel = computed(() => (version.value >= 0 ? (chain.value?.history.done.at(-1)?.label ?? null) : null));
  const redoLabel = computed(() => (version.value >= 0 ? (chain.value?.history.undone.at(-1)?.label ?? null) : null));
  function step(back: boolean): void {
    const own = chain.value;
    const next = back ? own?.history.undo() : own?.history.redo();
    if (own && next) show(own, next);
  }

  // What is known of it.
  const sensitivity = computed(() => sensitivities.of(stored.value?.run ?? null));
  const rows = computed(() => {
    const subject = stored.value;
    return subject && configuration.value ? layerRows(configuration.value, before.value, subject.facts, sensitivity.value.view) : [];
  });
  const ordered = computed(() => orderRows(rows.value, settings.order));
  const choices = computed(() => {
    const subject = stored.value;
    return subject && network.value ? choicesOf(subject.run.settings.space, subject.facts, network.value.points) : null;
  });
  const layer = computed<string | null>({
    get: () => {
      const names = stored.value?.facts.map(({ name }) => name) ?? [];
      const chosen = selection.selectedLayer;
      if (chosen !== null && names.includes(chosen)) return chosen;
      return names[Math.min(1, names.length - 1)] ?? null;
    },
    set: (name) => {
      selection.selectedLayer = name;
    },
  });
  watch(
    () => router.params.layer,
    (name) => {
      if (name !== undefined) selection.selectedLayer = name;
    },
    { immediate: true },
  );
  const row = computed(() => rows.value.find(({ name }) => name === layer.value) ?? null);
  function moveLayer(by: 1 | -1): void {
    const names = ordered.value.map(({ name }) => name);
    if (names.length === 0) return;
    const at = layer.value === null ? 0 : names.indexOf(layer.value);
    layer.value = names[(at + by + names.length) % names.length];
  }

  const prediction = computed(() => predictions.of(stored.value?.run ?? null, key.value));
  const predictionBefore = computed(() =>
    before.value ? predictions.of(stored.value?.run ?? null, configurationKey(before.value)) : null,
  );
  const rmse = computed(() => stored.value?.run.predictor?.rmse ?? null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(
    [
      () => stored.value?.run.id,
      () => stored.value?.run.supernet?.weightsDigest,
      () => stored.value?.run.predictor?.rmse,
      () => key.value,
      () => changes.value.length > 0,
    ],
    (_now, _before, onCleanup) => {
      const subject = stored.value;
      const now = configuration.value;
      if (!subject || !now) return;
      const old = before.value;
      timer = setTimeout(() => void predictions.ask(subject.run, old ? [old, now] : [now]), PREDICT_MS);
      onCleanup(() => clearTimeout(timer));
    },
    { immediate: true },
  );

  // While an edit is under way, nothing that was measured before belongs to it.
  const measured = computed(() => (stored.value && key.value === stored.value.key ? measuredOf(stored.value) : null));
  const measuredBefore = computed(() => {
    const subject = stored.value;
    if (!subject || !before.value) return null;
    const old = findSubject({ run: subject.run.id, key: configurationKey(before.value) }, runs.all, compare.shelf);
    return typeof old === 'object' ? measuredOf(old) : null;
  });
  const measureShare = computed(() => (stored.value ? measuring.progressOf(stored.value.run.id, key.value) : false));
  const measureFailure = computed(() => {
    const job = stored.value ? measuring.jobOf(stored.value.run.id, key.value) : null;
    return job?.state === 'failed' ? (job.error?.message ?? null) : null;
  });
  const isTrained = computed(() => stored.value?.run.phases.supernet.state === 'done');
  async function measure(): Promise<void> {
    await saving;
    const subject = stored.value;
    if (!subject) return;
    const { run, entry, candidate, name, configuration: wanted } = subject;
    await app.attempt(() =>
      measuring.measure(run.id, [
        { configuration: wanted, name, candidateId: entry?.candidateId ?? candidate?.id ?? null, ...(entry && { shelf: entry.id }) },
      ]),
    );
  }

  /** Puts it into Compare: at the first free letter, or in the place of another. */
  async function toCompare(slot: 'A' | 'B' | 'C' | 'D' | 'free' = 'free'): Promise<void> {
    await saving;
    const subject = stored.value;
    if (!subject) return;
    await app.attempt(async () => {
      const { run, configuration: wanted, name } = subject;
      const candidateId = subject.entry?.candidateId ?? subject.candidate?.id ?? null;
      const entry = subject.entry ?? (await compare.add({ run: run.id, name, configuration: wanted, candidateId, compare: false }));
      const { compare: letter } = await compare.place(entry.id, slot);
      app.notify('ok', t('inspect.inCompare', { name: entry.name, letter: letter ?? '' }), {
        project: projects.view?.folder ?? null,
        run: run.id,
        action: { label: t('inspect.showCompare'), run: () => router.go('compare') },
      });
    });
  }
  async function rename(name: string): Promise<void> {
    await saving;
    const subject = stored.value;
    if (!subject) return;
    const { run, configuration: wanted } = subject;
    await app.attempt(() =>
      subject.entry
        ? compare.update(subject.entry.id, { name })
        : compare.add({ run: run.id, name, configuration: wanted, candidateId: subject.candidate?.id ?? null, compare: false }),
    );
  }

  return {
    settings,
    subject: stored,
    problem,
    isEmpty: computed(() => place.value === null),
    network,
    networkProblem: computed(() => networks.problemOf(stored.value?.run ?? null)),
    configuration,
    key,
    before,
    changes,
    origin,
    edit,
    undoLabel,
    redoLabel,
    undo: () => step(true),
    redo: () => step(false),
    sensitivity,
    hasActivations: computed(() => sensitivities.hasActivations(sensitivity.value.view)),
    measureActivations: () => void (stored.value && sensitivities.measureActivations(stored.value.run)),
    retrySensitivity: () => void (stored.value && sensitivities.retry(stored.value.run)),
    rows,
    ordered,
    choices,
    layer,
    row,
    moveLayer,
    prediction,
    predictionBefore,
    rmse,
    measured,
    measuredBefore,
    measureShare,
    measureFailure,
    isTrained,
    measure,
    toCompare,
    rename,
  };
}
export type Inspect = ReturnType<typeof useInspect>;
