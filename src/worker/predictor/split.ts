import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Sample } from '../../shared/contract/job-protocol.ts';
import { configurationKey, heldActivations } from '../../shared/domain/configuration.ts';
import { formKey, formsOf, parseForm, type FormKey } from '../../shared/domain/form.ts';
import type { LayerFacts, QuantizationPoint } from '../../shared/domain/layer-graph.ts';
import { layerSpaces, type ElasticSpace } from '../../shared/domain/layer-space.ts';
import { buildSearchSpace, encodeGenome } from '../../shared/domain/space.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { BitSampler, sampleConfigurations, type DrawnConfiguration } from '../search/sampler.ts';

type Split = Sample['split'];

/** From which part of the space one sample is drawn. */
export interface SamplePlan {
  split: Split;
  form: FormKey;
  allowedWeightBits: readonly number[];
  allowedActivationBits: readonly number[];
  /** the same for layers with sets of their own */
  allowedLayers: ElasticSpace['layers'];
  /** bit-widths of which the configuration must use at least one; empty = no matter */
  requiredBits: readonly number[];
}

/** A configuration to be measured. */
export interface PlannedSample {
  index: number;
  split: Split;
  form: FormKey;
  configuration: Configuration;
}

function invalid(message: string): never {
  throw new WorkbenchError('recipe-invalid', message);
}

/** The part of the space that a split draws from. */
function region({ space, predictor }: Recipe, split: Split): Omit<SamplePlan, 'form' | 'split'> & { forms: FormKey[] } {
  const forms = formsOf(space).map(formKey);
  const { weightBits, activationBits, layers = {} } = space;
  const everything = {
    forms,
    allowedWeightBits: weightBits,
    allowedActivationBits: activationBits,
    allowedLayers: layers,
    requiredBits: [],
  };
  if (predictor.heldOut === 'forms') {
    const unseen = forms.filter((form) => predictor.heldOutForms.includes(form));
    const seen = forms.filter((form) => !unseen.includes(form));
    const names = predictor.heldOutForms.join(', ');
    if (!unseen.length)
      invalid(`predictor.heldOutForms is [${names}], and the space has none of these forms: name one of ${forms.join(', ')}.`);
    if (!seen.length) invalid(`predictor.heldOutForms is [${names}], which leaves no form to train on: name fewer.`);
    return { ...everything, forms: split === 'train' ? seen : unseen };
  }
  if (predictor.heldOut === 'bits') {
    const names = predictor.heldOutBits.join(', ');
    const seen = (bits: readonly number[]) => bits.filter((value) => !predictor.heldOutBits.includes(value));
    const [weights, activations] = [seen(weightBits), seen(activationBits)];
    const own = Object.values(layers).flatMap((layer) => [...(layer.weightBits ?? []), ...(layer.activationBits ?? [])]);
    const unseen = [...weightBits, ...activationBits, ...own].filter((value) => predictor.heldOutBits.includes(value));
    if (!unseen.length) invalid(`predictor.heldOutBits is [${names}], and the space has none of these bit-widths: name some that it has.`);
    if (!weights.length || !activations.length) {
      invalid(
        `predictor.heldOutBits is [${names}], which leaves no ${weights.length ? 'activation' : 'weight'} bits to train on: name fewer.`,
      );
    }
    if (split === 'train') {
      const seenLayers = Object.entries(layers).map(([name, layer]) => [
        name,
        {
          ...layer,
          weightBits: layer.weightBits && seen(layer.weightBits),
          activationBits: layer.activationBits && seen(layer.activationBits),
        },
      ]);
      return {
        ...everything,
        allowedWeightBits: weights,
        allowedActivationBits: activations,
        allowedLayers: Object.fromEntries(seenLayers) as ElasticSpace['layers'],
      };
    }
    return { ...everything, requiredBits: [...new Set(unseen)] };
  }
  return everything;
}

/**
 * Where sample `index` of 0 .. trainSamples + heldOutSamples - 1 comes from: training samples first, then held-out ones, the
 * forms in turn in each. With `heldOut` = bits, training never uses the held-out bit-widths and every held-out configuration
 * uses at least one of them among all the others; with forms, the two splits share no form.
 * @throws WorkbenchError `recipe-invalid` when nothing is left for one of the splits
 */
export function planSamples(recipe: Recipe, index: number): SamplePlan {
  const { trainSamples } = recipe.predictor;
  const split: Split = index < trainSamples ? 'train' : 'heldOut';
  const { forms, ...bits } = region(recipe, split);
  return { ...bits, split, form: forms[(split === 'train' ? index : index - trainSamples) % forms.length] };
}

/** @throws WorkbenchError `recipe-invalid` when a split has no layer left with what it must, or nothing left for some layer */
function requireChoices(
  space: ElasticSpace,
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  { predictor }: Recipe,
  requiredBits: readonly number[],
): void {
  const held = heldActivations(facts, points);
  const names = predictor.heldOutBits.join(', ');
  const free = layerSpaces(space, facts, points).flatMap(({ weightBits, activationBits }, index) => [
    ...(facts[index].pinned ? [] : [{ name: facts[index].name, what: 'weight', bits: weightBits }]),
    ...(held[index] ? [] : [{ name: facts[index].name, what: 'activation', bits: activationBits }]),
  ]);
  const empty = free.find(({ bits }) => !bits.length);
  if (empty)
    invalid(`predictor.heldOutBits is [${names}], which leaves layer '${empty.name}' no ${empty.what} bits to train on: name fewer.`);
  if (requiredBits.length && !free.some(({ bits }) => bits.some((value) => requiredBits.includes(value))))
    invalid(`predictor.heldOutBits is [${names}], and no layer can choose any of these bit-widths: name some that one can.`);
}

/** At most `count` different configurations of a split, forms in turn. */
function drawSplit(
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  recipe: Recipe,
  split: Split,
  count: number,
  exclude: ReadonlySet<string>,
): DrawnConfiguration[] {
  const { forms, allowedWeightBits, allowedActivationBits, allowedLayers, requiredBits } = region(recipe, split);
  const elastic: ElasticSpace = {
    ...recipe.space,
    weightBits: [...allowedWeightBits],
    activationBits: [...allowedActivationBits],
    layers: allowedLayers,
  };
  if (recipe.predictor.heldOut === 'bits') requireChoices(elastic, facts, points, recipe, requiredBits);
  const space = buildSearchSpace(facts, points, elastic);
  const fits = ({ configuration }: DrawnConfiguration) =>
    requiredBits.length === 0 || encodeGenome(space, configuration).some((bits) => requiredBits.includes(bits));
  const sampler = new BitSampler(space, recipe.seed, recipe.search.samplerDraws);
  const options = { forms: forms.map(parseForm), seed: recipe.seed, purpose: `predictor/${split}`, exclude, sampler };
  // Some draws use no required bit-width: draw more until every form has its share, or the space is exhausted.
  for (let wanted = count; ; wanted *= 2) {
    const drawn = sampleConfigurations(space, { ...options, count: wanted });
    const usable = drawn.filter(fits);
    const byForm = new Map(forms.map((form) => [form, usable.filter((drawnUnder) => drawnUnder.form === form)]));
    const chosen = Array.from({ length: count }, (_, i) => byForm.get(forms[i % forms.length])!.shift()).filter(
      (item) => item !== undefined,
    );
    if (chosen.length === count || drawn.length < wanted) return chosen;
  }
}

/**
 * All configurations of the sample phase, as `planSamples` wants them, all different; the same for the same recipe and network.
 * Fewer come back where the space has no more.
 * @param points from `quantizationPoints`
 * @throws WorkbenchError `recipe-invalid` when nothing is left for one of the splits
 */
export function drawSamples(facts: readonly LayerFacts[], points: readonly QuantizationPoint[], recipe: Recipe): PlannedSample[] {
  const { trainSamples, heldOutSamples } = recipe.predictor;
  const planned = (split: Split, first: number, drawn: readonly DrawnConfiguration[]) =>
    drawn.map(({ form, configuration }, i) => ({ index: first + i, split, form, configuration }));
  const train = drawSplit(facts, points, recipe, 'train', trainSamples, new Set());
  const trained = new Set(train.map(({ configuration }) => configurationKey(configuration)));
  const heldOut = drawSplit(facts, points, recipe, 'heldOut', heldOutSamples, trained);
  return [...planned('train', 0, train), ...planned('heldOut', trainSamples, heldOut)];
}
