import { createI18n } from 'vue-i18n';
import { messages, type Language, type Messages } from '../shared/i18n/index.ts';

/** Texts of the interface; English stands in for a text that another language lacks. */
export const i18n = createI18n<[Messages], Language, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages,
});

/** Translates outside of components; reactive inside of computed values and templates. */
export const t = i18n.global.t as (key: string, values?: Record<string, unknown>, plural?: number) => string;

/** The language of the texts and of number formats. */
export function language(): Language {
  return i18n.global.locale.value;
}

/** Switches texts, number formats and the document's language. */
export function setLanguage(next: Language): void {
  i18n.global.locale.value = next;
  document.documentElement.lang = next;
}
