import { describe, expect, it } from 'vitest';
import { parseRecipe } from './presets.ts';

describe('presets', () => {
  it.each([
    // eqnet-spec sections 3, 5 and 6: equation 6 as printed, SGD predictor, 500 generations
    { preset: 'paper', epochs: 120, batch: 256, kurtosis: 1, optimizer: 'sgd', hidden: 7, standardize: false, generations: 500 },
    { preset: 'code', epochs: 120, batch: 256, kurtosis: 0.015, optimizer: 'adam', hidden: 7, standardize: false, generations: 500 },
    { preset: 'workbench', epochs: 2, batch: 128, kurtosis: 0.015, optimizer: 'adam', hidden: 1, standardize: true, generations: 100 },
  ])('$preset', ({ preset, epochs, batch, kurtosis, optimizer, hidden, standardize, generations }) => {
    const recipe = parseRecipe({ name: 'p', preset }, 'p');
    expect(recipe.supernet.wdr).toMatchObject({ enabled: true, skewness: 1, kurtosis, target: 1.8 });
    expect(recipe.supernet).toMatchObject({ epochs, batch, learningRate: 0.001, clip: 1, randomSubnets: 1, forms: 'layer' });
    expect(recipe.supernet.gpg).toEqual({ enabled: true, lambda: 0.5 });
    expect(recipe.predictor).toMatchObject({ optimizer, standardize });
    expect(recipe.predictor.hidden).toHaveLength(hidden);
    expect(recipe.search).toMatchObject({ population: 100, generations, parents: 0.25, mutation: 0.1 });
  });

  it.each([
    // eqnet-spec section 5: labels from 10,000 held-out images, constant rate, decay as PyTorch adds it; section 6: 500,000 draws
    { preset: 'paper', weightDecay: 0.0001, decay: 'l2', schedule: 'constant', images: 10000, noiseSamples: 0, samplerDraws: 500000 },
    { preset: 'code', weightDecay: 0.00001, decay: 'l2', schedule: 'constant', images: 10000, noiseSamples: 0, samplerDraws: 500000 },
    { preset: 'workbench', weightDecay: 2, decay: 'decoupled', schedule: 'cosine', images: 2500, noiseSamples: 40, samplerDraws: 20000 },
  ])('$preset: predictor and sampler', ({ preset, images, samplerDraws, ...predictor }) => {
    const recipe = parseRecipe({ name: 'p', preset }, 'p');
    expect(recipe.predictor).toMatchObject({ ...predictor, momentum: 0, sampleImages: images });
    expect(recipe.search.samplerDraws).toBe(samplerDraws);
    expect(recipe.data.validationImages).toBeGreaterThanOrEqual(images);
  });

  it('lets the file override single values of a preset', () => {
    const recipe = parseRecipe({ name: 'p', preset: 'paper', supernet: { wdr: { enabled: false } }, predictor: { hidden: [32] } }, 'p');
    expect(recipe.supernet.wdr).toMatchObject({ enabled: false, kurtosis: 1 });
    expect(recipe.predictor).toMatchObject({ hidden: [32], optimizer: 'sgd' });
  });

  it.each([
    { json: { name: 'p', supernet: { epoch: 2 } }, error: /unknown field 'supernet\.epoch'/ },
    { json: { name: 'p', space: { weightBits: [1, 4] } }, error: /'space\.weightBits\.0' is 1/ },
    { json: { name: 'p', space: { weightBits: [] } }, error: /'space\.weightBits' is \[\]/ },
    { json: { name: 'p', data: { clutter: { sameColour: 1.5 } } }, error: /'data\.clutter\.sameColour' is 1\.5/ },
    { json: { name: 'p', data: { clutter: { shift: -0.1 } } }, error: /'data\.clutter\.shift' is -0\.1/ },
    { json: { name: 'p', data: { clutter: { scaleMin: 0 } } }, error: /'data\.clutter\.scaleMin' is 0/ },
    {
      json: { name: 'p', data: { clutter: { scaleMin: 1.3 } } },
      error: /scaleMin 1\.3 is above scaleMax 1\.2: lower it, or raise scaleMax/,
    },
    { json: { name: 'p', data: { clutter: { fragmentsMax: 3 } } }, error: /'data\.clutter\.fragmentsMin': fragmentsMin 4 is above/ },
    { json: { name: 'p', predictor: { trainSamples: 1 } }, error: /'predictor\.trainSamples' is 1/ },
    { json: { name: 'p', predictor: { heldOutSamples: 1 } }, error: /'predictor\.heldOutSamples' is 1/ },
    { json: { name: 'p', predictor: { momentum: 1 } }, error: /'predictor\.momentum' is 1/ },
    { json: { name: 'p', preset: 'fast' }, error: /'preset' is "fast"/ },
    {
      json: { name: 'p', version: 2, later: 1 },
      error: /newer EQ-Net Workbench \(recipe version 2, this one reads up to 1\): update the program/,
    },
    { json: [], error: /is not a recipe/ },
  ])('refuses $json', ({ json, error }) => {
    expect(() => parseRecipe(json, 'file.json')).toThrow(error);
  });
});
