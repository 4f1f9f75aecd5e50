/** What the proof of an exported file says, ready to be shown. */
import type { ReportedExport } from '../../../shared/contract/api/views.ts';
import { PROOF_LIMITS } from '../../../shared/domain/export-formats.ts';
import { points } from '../../format.ts';

export interface ProofFacts {
  /** accuracy of the file less that of the workbench, in points as shown */
  change: number;
  agrees: boolean;
  accurate: boolean;
  /** images in another class */
  disagreements: number;
}

export function proofFacts({ proof, facts }: Pick<ReportedExport, 'proof' | 'facts'>): ProofFacts {
  return {
    change: points(proof.accuracyRuntime, proof.accuracyApp),
    agrees: proof.top1Agreement >= PROOF_LIMITS.agreement,
    accurate: Math.abs(proof.accuracyRuntime - proof.accuracyApp) <= PROOF_LIMITS.accuracyGap,
    disagreements: facts?.disagreements ?? Math.round((1 - proof.top1Agreement) * proof.images),
  };
}

/** A small positive number as people write it: 0.011, 3.1 x 10^-7. `exponent` null = as it is. */
export function smallNumber(value: number): { mantissa: number; digits: number; exponent: number | null } {
  if (value === 0 || value >= 1e-3) return { mantissa: value, digits: value >= 1 ? 2 : value === 0 ? 0 : 4, exponent: null };
  let exponent = Math.floor(Math.log10(value));
  let mantissa = Number((value / 10 ** exponent).toFixed(1));
  if (mantissa >= 10) {
    mantissa = 1;
    exponent += 1;
  }
  return { mantissa, digits: 1, exponent };
}
