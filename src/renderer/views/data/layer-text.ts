import type { Recipe } from '../../../shared/schema/recipe.ts';

type Layers = NonNullable<Recipe['model']['layers']>;

/** What a person begins with who has no list yet. */
export const SAMPLE_LAYERS: readonly Record<string, unknown>[] = [
  { kind: 'conv', filters: 16, norm: true, activation: 'relu' },
  { kind: 'maxpool', kernel: 2 },
  { kind: 'conv', name: 'a', filters: 32, norm: true, activation: 'relu' },
  { kind: 'conv', name: 'b', filters: 32, norm: true },
  { kind: 'add', inputs: ['a', 'b'] },
  { kind: 'globalpool' },
  { kind: 'linear' },
];

/** A layer list as JSON, one layer on a line. */
export function layerText(layers: Layers | typeof SAMPLE_LAYERS): string {
  const lines = layers.map((layer) => `  ${JSON.stringify(layer).replaceAll(/([,:])(?=["\d[tfn])/g, '$1 ')}`);
  return `[\n${lines.join(',\n')}\n]`;
}
