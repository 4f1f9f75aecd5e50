import { z } from 'zod';
import { recipeSchema } from './recipe.ts';

/** One field of a recipe as people read it. */
export interface RecipeField {
  /** e.g. `supernet.wdr.skewness` */
  path: string;
  type: string;
  /** Allowed values, `''` when any value of the type is. */
  range: string;
  /** JSON text; null when the field has no default: it is required or has a meaning when left out. */
  default: string | null;
  required: boolean;
  description: string;
}

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  /** of a record: the schema of its values */
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  items?: JsonSchema;
  /** of a tuple: the schema of each place */
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  /** kinds of an object, told apart by the constant of their field `kind` */
  oneOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  pattern?: string;
  minItems?: number;
  default?: unknown;
  description?: string;
}

/** Kinds that share their fields are one entry. */
const kindsOf = ({ oneOf = [] }: JsonSchema): string[] =>
  oneOf.map(({ properties }) => (properties?.kind?.enum ?? [properties?.kind?.const]).join('/'));

function typeOf(schema: JsonSchema): string {
  if (schema.prefixItems) return `list of ${schema.prefixItems.length} ${typeOf(schema.prefixItems[0])}s`;
  if (schema.oneOf) return 'object';
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items?.enum ? 'names' : `${typeOf(schema.items ?? {})}s`}`;
  return schema.enum ? 'name' : (schema.type ?? 'any');
}

function rangeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.prefixItems) return rangeOf(schema.prefixItems[0]);
  if (schema.oneOf)
    return kindsOf(schema)
      .map((kind) => `kind ${kind}`)
      .join(' | ');
  if (schema.anyOf) return schema.anyOf.map(rangeOf).join(' | ');
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.items) {
    const items = rangeOf(schema.items);
    return schema.minItems ? `${items}${items ? ', ' : ''}at least ${schema.minItems}` : items;
  }
  if (schema.pattern) return schema.pattern;
  const low = schema.exclusiveMinimum ?? schema.minimum;
  const high = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
  if (low === undefined && high === undefined) return '';
  if (schema.exclusiveMinimum !== undefined) return high === undefined ? `> ${low}` : `> ${low}, <= ${high}`;
  if (high === undefined) return `>= ${low}`;
  return low === undefined ? `<= ${high}` : `${low}..${high}`;
}

function walk(schema: JsonSchema, prefix: string, fields: RecipeField[], sections: Map<string, string>): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const path = prefix ? `${prefix}.${name}` : name;
    if (property.properties) {
      sections.set(path, property.description ?? '');
      walk(property, path, fields, sections);
      continue;
    }
    fields.push({
      path,
      type: typeOf(property),
      range: rangeOf(property),
      default: property.default === undefined ? null : JSON.stringify(property.default),
      required: schema.required?.includes(name) ?? false,
      description: property.description ?? '',
    });
    property.items?.oneOf?.forEach((variant, i) => {
      const { kind: _kind, ...settings } = variant.properties ?? {};
      const place = `${path}.${kindsOf(property.items!)[i]}`;
      sections.set(place, variant.description ?? '');
      walk({ ...variant, properties: settings }, place, fields, sections);
    });
    const values = property.additionalProperties;
    if (typeof values !== 'object' || !values.properties) continue;
    sections.set(`${path}.NAME`, values.description ?? '');
    walk(values, `${path}.NAME`, fields, sections);
  }
}

/**
 * Every recipe field and every section's description, read from the schema that checks recipes. In a path, `NAME` stands
 * for a name that the recipe chooses, e.g. `space.layers.NAME.weightBits`; the last but one part of `data.augment.flip.share` is the
 * `kind` of an entry of a list.
 */
export function describeRecipe(): { fields: RecipeField[]; sections: Map<string, string> } {
  const fields: RecipeField[] = [];
  const sections = new Map<string, string>();
  walk(z.toJSONSchema(recipeSchema, { io: 'input' }) as JsonSchema, '', fields, sections);
  return { fields, sections };
}
