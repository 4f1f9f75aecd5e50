import { parseForm, type FormKey } from '../../shared/domain/form.ts';

/** Code of a form as it is shown: granularity as a capital, then the symmetries, e.g. `Csa`. */
export function formCode(form: FormKey): string {
  return form[0].toUpperCase() + form.slice(1);
}

/**
 * A form in words.
 * @param t translates a key
 */
export function formName(form: FormKey, t: (key: string) => string): string {
  const { granularity, weightSymmetry, activationSymmetry } = parseForm(form);
  return `${t(`ui.form.${granularity}`)}, ${t(`ui.form.${weightSymmetry}`)}; ${t('ui.form.activations')} ${t(`ui.form.${activationSymmetry}`)}`;
}
