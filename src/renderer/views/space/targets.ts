/**
 * What a runtime makes of bit-widths and forms. ONNX Runtime on x86 CPUs, as measured with files of our exporter: 8-bit
 * integer kernels for weights and activations of any 2..8 bits, which lie in 8-bit containers; weights with zero points
 * take about 2.5 times as long, and zero points that differ between channels need version 1.27.
 */
import { PINNED_BITS } from '../../../shared/domain/configuration.ts';
import { parseForm, type FormKey } from '../../../shared/domain/form.ts';

export const TARGETS = ['none', 'onnxruntime'] as const;
export type TargetName = (typeof TARGETS)[number];
export type Support = 'native' | 'emulated';

export const isTarget = (value: unknown): value is TargetName => TARGETS.some((name) => name === value);

/** Whether fewer bits than 8 make a file smaller or faster there. */
export const bitSupport = (bits: number): Support => (bits === PINNED_BITS ? 'native' : 'emulated');

/** Key of a remark on a form (below `space.target`), null where there is none. */
export function formRemark(form: FormKey): 'slower' | 'newer' | null {
  const { granularity, weightSymmetry } = parseForm(form);
  if (weightSymmetry === 'symmetric') return null;
  return granularity === 'channel' ? 'newer' : 'slower';
}
