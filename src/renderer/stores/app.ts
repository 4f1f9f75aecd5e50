/** What the whole window shares: facts of the host, settings, theme, language, and messages to the person. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import type { AppInfo } from '../../shared/contract/api/views.ts';
import type { LinkState } from '../host/connect.ts';
import { chooseLanguage } from '../../shared/i18n/index.ts';
import { settingsSchema, type Settings } from '../../shared/schema/settings.ts';
import { setLanguage } from '../i18n.ts';
import { host } from './host.ts';
import { recall, remember } from './remembered.ts';

export type NoticeLevel = 'info' | 'ok' | 'warn' | 'error';

/** A message; it stays in the inbox after its toast is gone. */
export interface Notice {
  id: number;
  level: NoticeLevel;
  text: string;
  time: number;
  project: string | null;
  run: string | null;
  /** one thing that can be done about it */
  action?: { label: string; run: () => void };
}

const INBOX_LENGTH = 200;
const TOAST_MS: Readonly<Record<NoticeLevel, number>> = { info: 5000, ok: 5000, warn: 8000, error: 12_000 };

export const useApp = defineStore('app', () => {
  const info = shallowRef<AppInfo | null>(null);
  const settings = shallowRef<Settings>(settingsSchema.parse({}));
  const link = ref<LinkState>('connecting');
  const problem = ref<string | null>(null);
  /** no connection is tried until the person does what `problem` says */
  const refused = ref(false);

  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const systemDark = ref(dark.matches);
  dark.addEventListener('change', (event) => (systemDark.value = event.matches));
  /** the theme that is shown */
  const theme = computed<'dark' | 'light'>(() => {
    if (settings.value.theme !== 'system') return settings.value.theme;
    return systemDark.value ? 'dark' : 'light';
  });
  watch(
    theme,
    (next) => {
      document.documentElement.dataset.theme = next;
      remember('theme', next);
    },
    { flush: 'sync' },
  );
  watch(
    () => chooseLanguage(settings.value.language, navigator.languages),
    (next) => setLanguage(next),
    { immediate: true },
  );
  /** Before the settings are here, the theme of last time is shown, so that the window does not flash. */
  document.documentElement.dataset.theme = recall('theme', systemDark.value ? 'dark' : 'light');

  const mac = computed(() => info.value?.platform === 'darwin' || (!info.value && /Mac/.test(navigator.userAgent)));

  async function load(): Promise<void> {
    const [about, stored] = await Promise.all([host().app.info(), host().settings.get()]);
    info.value = about;
    adopt(stored);
  }
  /**
   * Facts of the host, for what a person can do before the window has them.
   * @throws WorkbenchError connection-lost
   */
  const facts = async (): Promise<AppInfo> => info.value ?? host().app.info();
  /** Takes over settings from the host. */
  function adopt(next: unknown): void {
    const parsed = settingsSchema.safeParse(next);
    if (!parsed.success) return;
    settings.value = parsed.data;
    document.documentElement.dataset.theme = theme.value;
  }
  /** Shows the change at once and stores it; goes back where the host refuses it. */
  async function set(change: Partial<Settings>): Promise<void> {
    const before = settings.value;
    adopt({ ...before, ...change });
    try {
      adopt(await host().settings.set(change));
    } catch (error) {
      adopt(before);
      fail(error);
    }
  }
  const switchTheme = (): Promise<void> => set({ theme: theme.value === 'dark' ? 'light' : 'dark' });

  const inbox = ref<Notice[]>([]);
  const toast = ref<Notice | null>(null);
  const unread = ref(0);
  let lastId = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Shows a message; one toast at a time, all of them in the inbox. */
  function notify(level: NoticeLevel, text: string, rest: Partial<Pick<Notice, 'project' | 'run' | 'action'>> = {}): void {
    const notice: Notice = { id: ++lastId, level, text, time: Date.now(), project: null, run: null, ...rest };
    inbox.value = [notice, ...inbox.value].slice(0, INBOX_LENGTH);
    unread.value++;
    toast.value = notice;
    holdToast(false);
  }
  /** Keeps the toast while it is being read. */
  function holdToast(hold: boolean): void {
    clearTimeout(timer);
    if (!hold && toast.value) timer = setTimeout(() => (toast.value = null), TOAST_MS[toast.value.level]);
  }
  function dismissToast(): void {
    clearTimeout(timer);
    toast.value = null;
  }
  function clearInbox(): void {
    inbox.value = [];
    unread.value = 0;
  }
  /** Shows what a call failed with, in its own sentence. */
  function fail(error: unknown): void {
    const problem = toWorkbenchError(error);
    // eslint-disable-next-line no-console -- a defect of ours: its stack is wanted
    if (problem.code === 'internal') console.error(error);
    // the status bar already tells of a lost connection
    if (problem.code !== 'connection-lost') notify('error', problem.message);
  }
  /** Runs something and shows its failure. @returns its value, or undefined when it failed */
  async function attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work();
    } catch (error) {
      fail(error);
      return undefined;
    }
  }

  return {
    info,
    settings,
    link,
    problem,
    refused,
    theme,
    mac,
    load,
    facts,
    adopt,
    set,
    switchTheme,
    inbox,
    toast,
    unread,
    notify,
    holdToast,
    dismissToast,
    clearInbox,
    fail,
    attempt,
  };
});
