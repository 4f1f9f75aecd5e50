/** Texts of the interface, one file for each area and language; the areas of all languages have the same keys. */
import enActions from './en/actions.json';
import enCharts from './en/charts.json';
import enCompare from './en/compare.json';
import enData from './en/data.json';
import enEngine from './en/engine.json';
import enExport from './en/export.json';
import enHome from './en/home.json';
import enInspect from './en/inspect.json';
import enMenu from './en/menu.json';
import enPredictor from './en/predictor.json';
import enRuns from './en/runs.json';
import enSearch from './en/search.json';
import enSettings from './en/settings.json';
import enShell from './en/shell.json';
import enSpace from './en/space.json';
import enTime from './en/time.json';
import enTrain from './en/train.json';
import enUi from './en/ui.json';
import deActions from './de/actions.json';
import deCharts from './de/charts.json';
import deCompare from './de/compare.json';
import deData from './de/data.json';
import deEngine from './de/engine.json';
import deExport from './de/export.json';
import deHome from './de/home.json';
import deInspect from './de/inspect.json';
import deMenu from './de/menu.json';
import dePredictor from './de/predictor.json';
import deRuns from './de/runs.json';
import deSearch from './de/search.json';
import deSettings from './de/settings.json';
import deShell from './de/shell.json';
import deSpace from './de/space.json';
import deTime from './de/time.json';
import deTrain from './de/train.json';
import deUi from './de/ui.json';

export type Language = 'en' | 'de';

/** Texts by key; nested objects are groups. */
export type MessageTree = { [key: string]: string | MessageTree };
export type Messages = Record<string, MessageTree>;

export const messages: Record<Language, Messages> = {
  en: {
    actions: enActions,
    charts: enCharts,
    compare: enCompare,
    data: enData,
    engine: enEngine,
    export: enExport,
    home: enHome,
    inspect: enInspect,
    menu: enMenu,
    predictor: enPredictor,
    runs: enRuns,
    search: enSearch,
    settings: enSettings,
    shell: enShell,
    space: enSpace,
    time: enTime,
    train: enTrain,
    ui: enUi,
  },
  de: {
    actions: deActions,
    charts: deCharts,
    compare: deCompare,
    data: deData,
    engine: deEngine,
    export: deExport,
    home: deHome,
    inspect: deInspect,
    menu: deMenu,
    predictor: dePredictor,
    runs: deRuns,
    search: deSearch,
    settings: deSettings,
    shell: deShell,
    space: deSpace,
    time: deTime,
    train: deTrain,
    ui: deUi,
  },
};

/** The language to use for a setting and the languages that the system prefers, best first. */
export function chooseLanguage(setting: Language | 'system', preferred: readonly string[]): Language {
  if (setting !== 'system') return setting;
  const known = preferred.find((name) => /^(en|de)\b/i.test(name));
  return known?.toLowerCase().startsWith('de') ? 'de' : 'en';
}

/** The text of a key such as `actions.edit.undo`, for menus outside of the interface; English where a language lacks it. */
export function text(language: Language, key: string): string {
  for (const tree of [messages[language], messages.en]) {
    let node: MessageTree | string | undefined = tree;
    for (const part of key.split('.')) node = typeof node === 'object' ? node[part] : undefined;
    if (typeof node === 'string') return node;
  }
  return key;
}
