import { mount } from '@vue/test-utils';
import { expect, test } from 'vitest';
import { FORM_KEYS, type FormKey } from '../../shared/domain/form.ts';
import { i18n, setLanguage } from '../i18n.ts';
import FormGlyph from './FormGlyph.vue';

const build = (form: FormKey, code = false) => mount(FormGlyph, { props: { form, code }, global: { plugins: [i18n] } });

test.each<[FormKey, string, string, number]>([
  ['tss', 'Tss', 'Per-tensor weights, symmetric; activations symmetric', 1],
  ['csa', 'Csa', 'Per-channel weights, symmetric; activations asymmetric', 3],
  ['cas', 'Cas', 'Per-channel weights, asymmetric; activations symmetric', 3],
  ['taa', 'Taa', 'Per-tensor weights, asymmetric; activations asymmetric', 1],
])('%s', (form, code, name, bars) => {
  const plain = build(form);
  expect(plain.find('svg').attributes('aria-label')).toBe(name);
  expect(plain.findAll('rect').length).toBe(bars + 1);
  const coded = build(form, true);
  expect(coded.text()).toBe(code);
  expect(coded.find('svg').attributes('aria-label')).toBe(`${code}: ${name}`);
});

test('every form has its own name, in both languages', () => {
  for (const language of ['de', 'en'] as const) {
    setLanguage(language);
    expect(new Set(FORM_KEYS.map((form) => build(form).find('svg').attributes('aria-label'))).size).toBe(8);
  }
});
