import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';

/** Everything of a recipe that its network follows: the model, what it reads, its classes, and which layers keep 8 bits. */
export function networkKey({ model, data, space }: Recipe): string {
  const { dataset, root, format, size, channels, classes } = data;
  return canonicalJson([
    model,
    space.pinned ?? null,
    dataset,
    dataset === 'files' ? [root, format, size, channels, classes] : [size, channels],
  ]);
}
