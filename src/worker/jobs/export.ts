import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EvaluateRequest, ExportResult, PhaseInputs, PhaseResults } from '../../shared/contract/job-protocol.ts';
import { PROOF_LIMITS } from '../../shared/domain/export-formats.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { exportFormat } from '../export/registry.ts';
import { imagesAsFloat } from '../data/batch.ts';
import { imageSize } from '../data/dataset.ts';
import type { Measurement } from '../supernet/evaluator.ts';
import type { RunContext } from './context.ts';

/**
 * Writes one measured configuration and proves it: the file runs in its own runtime over the whole test set, against the
 * logits that the app computed for the same images.
 * @param app of all test images
 */
export async function proveExport(
  context: RunContext,
  app: Measurement,
  candidateId: string,
  { format: id, file }: NonNullable<EvaluateRequest['exportTo']>,
): Promise<ExportResult> {
  const { recipe, data, reporter, layout } = context;
  const format = exportFormat(id);
  mkdirSync(dirname(file), { recursive: true });
  const { bytes, sha256 } = await format.write(app.view, file, { producerVersion: packageJson.version });
  const { test } = data;
  const size = imageSize(test);
  const proof = await format.verify(
    file,
    {
      count: test.count,
      shape: [test.height, test.width, test.channels],
      images: (start, end) => {
        const images = new Float32Array((end - start) * size);
        imagesAsFloat(test, start, end - start, images);
        return images;
      },
      labels: test.labels,
      logits: app.logits,
    },
    {
      threads: recipe.engine.threads,
      onProgress: (done, total) => reporter.report({ phase: 'export', unit: 'image', done, total, note: layout.graph.name }),
    },
  );
  const comparison = proof.comparison!;
  return {
    candidateId,
    format: id,
    file,
    bytes,
    proof: {
      runtime: `${proof.runtime} ${proof.runtimeVersion}`,
      images: proof.images,
      maxLogitGap: comparison.maxGap,
      meanLogitGap: comparison.meanGap,
      top1Agreement: comparison.agreement,
      accuracyApp: comparison.accuracy,
      accuracyRuntime: proof.accuracy,
      disagreeing: [...comparison.firstDisagreements],
      passed: comparison.agreement >= PROOF_LIMITS.agreement && Math.abs(comparison.accuracy - proof.accuracy) <= PROOF_LIMITS.accuracyGap,
    },
    facts: {
      sha256,
      disagreements: comparison.disagreements,
      convolutions: proof.convolutions,
      integerConvolutions: proof.integerConvolutions,
      millisecondsPerImage: proof.millisecondsPerImage,
      gaps: proof.gaps ?? null,
    },
  };
}

export async function exportCandidates(
  context: RunContext,
  { candidates, directory }: PhaseInputs['export'],
): Promise<PhaseResults['export']> {
  const { recipe, data } = context;
  const exports: ExportResult[] = [];
  await context.stateOf('supernet');
  const evaluator = await context.evaluator();
  for (const { id, configuration, target, form } of candidates) {
    const file = join(directory, `${recipe.name}-${id.includes('uniform') ? 'uniform-' : ''}${target}bit-${form}.onnx`);
    const app = await evaluator.measure(configuration, data.test, {
      recalibrationImages: recipe.evaluation.recalibrationImages,
      onBatch: context.breathe,
    });
    exports.push(await proveExport(context, app, id, { format: 'onnx', file }));
  }
  return { exports };
}
