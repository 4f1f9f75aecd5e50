/** Settings of the random changes of training images, with limits and defaults from the recipe's schema. */
import { z } from 'zod';
import { augmentationSchema, type AugmentationKind, type AugmentationStep } from '../../../shared/schema/augmentations.ts';

export interface AugmentField {
  name: string;
  min: number;
  max: number;
  integer: boolean;
  /** what it means, from the schema */
  text: string;
}

const OPTIONS = new Map(augmentationSchema.options.map((option) => [option.shape.kind.value, option]));
export const AUGMENTATIONS: readonly AugmentationKind[] = [...OPTIONS.keys()];

/** The settings of a kind, in the order of the schema. */
export function augmentFields(kind: AugmentationKind): AugmentField[] {
  const shape = OPTIONS.get(kind)!.shape as Record<string, z.ZodType>;
  return Object.entries(shape).flatMap(([name, field]): AugmentField[] => {
    if (!(field instanceof z.ZodDefault)) return [];
    const number = field.def.innerType;
    if (!(number instanceof z.ZodNumber)) return [];
    return [
      { name, min: number.minValue ?? -Infinity, max: number.maxValue ?? Infinity, integer: number.isInt, text: field.description ?? '' },
    ];
  });
}

/** A step of a kind with its defaults. */
export const newStep = (kind: AugmentationKind): AugmentationStep => augmentationSchema.parse({ kind });

/** The list with one step at another place; unchanged where there is no such place. */
export function moved<Step>(list: readonly Step[], from: number, to: number): Step[] {
  const next = [...list];
  if (to < 0 || to >= next.length) return next;
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}
