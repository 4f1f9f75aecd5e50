/** Networks of the user's own: what an import is told, and how the recipe names them. */
import { NORMALIZATIONS } from '../../../shared/domain/normalizations.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';

export type NormalizationChoice = keyof typeof NORMALIZATIONS | 'own';
export const NORMALIZATION_CHOICES: readonly NormalizationChoice[] = [
  ...(Object.keys(NORMALIZATIONS) as (keyof typeof NORMALIZATIONS)[]),
  'own',
];

export interface NormalizationForm {
  preset: NormalizationChoice;
  /** numbers as typed: one, or one for each channel */
  mean: string;
  std: string;
}

/** Reads `0.5 0.5 0.5`, `0.5, 0.5` or, with decimal commas, `0,5; 0,5`; null where something is no number. */
function numbersOf(text: string): number[] | null {
  const words = text.trim().split(text.includes('.') ? /[\s,;]+/ : /[\s;]+|,\s+/);
  const numbers = words.filter((word) => word !== '').map((word) => Number(word.replace(',', '.')));
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : null;
}

/** What the network expects of an image in [0, 1]; null = nothing, undefined where the form cannot be read. */
export function normalizationOf({ preset, mean, std }: NormalizationForm): { mean: number[]; std: number[] } | null | undefined {
  if (preset !== 'own') {
    const known = NORMALIZATIONS[preset];
    return known && { mean: [...known.mean], std: [...known.std] };
  }
  const [means, deviations] = [numbersOf(mean), numbersOf(std)];
  if (!means || !deviations || means.length !== deviations.length || deviations.includes(0)) return undefined;
  return { mean: means, std: deviations };
}

const PUBLISHED = ['resnet18', 'resnet34', 'resnet50', 'mobilenetv2', 'efficientnet-b0'];
/** Whether a network can begin with the stem for small images. */
export const hasStem = (architecture: string): boolean => PUBLISHED.includes(architecture);

/** Writes an imported network into a recipe: with its last layer where the classes are the same, and a new one elsewhere. */
export function modelEdit(recipe: Recipe, chosen: { name: string; classes: number }, classes: number | null): void {
  recipe.model = {
    architecture: 'file',
    file: chosen.name,
    ...(classes !== null && classes !== chosen.classes && { classifier: 'new' as const }),
  };
}

/** Writes a network of the program into a recipe; settings that it does not have go. */
export function architectureEdit(recipe: Recipe, architecture: Recipe['model']['architecture']): void {
  const { width, stem } = recipe.model;
  recipe.model = {
    architecture,
    ...(architecture === 'mobilenetv2' && width !== undefined && { width }),
    ...(hasStem(architecture) && stem !== undefined && { stem }),
  };
}
