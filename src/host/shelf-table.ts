import { randomUUID } from 'node:crypto';
import type { ShelfEntry } from '../shared/contract/api/views.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import type { ProjectTables } from './project-tables.ts';

export const COMPARE_SLOTS = ['A', 'B', 'C', 'D'] as const;
export type CompareSlot = (typeof COMPARE_SLOTS)[number];

interface ShelfRow {
  id: string;
  run: string;
  name: string;
  configuration: string;
  candidate: string | null;
  predicted: number | null;
  measured: string | null;
  slot: CompareSlot | null;
  created: string;
}

export type NewShelfEntry = Pick<ShelfEntry, 'run' | 'name' | 'configuration' | 'candidateId' | 'predicted' | 'measured'>;

function entryOf(row: ShelfRow): ShelfEntry {
  return {
    id: row.id,
    run: row.run,
    name: row.name,
    configuration: JSON.parse(row.configuration) as Configuration,
    candidateId: row.candidate,
    predicted: row.predicted,
    measured: row.measured === null ? null : (JSON.parse(row.measured) as ShelfEntry['measured']),
    compare: row.slot,
    createdAt: row.created,
  };
}

/** Configurations that a person keeps, with what was measured of them and their letters in Compare. */
export class ShelfTable {
  constructor(private readonly tables: ProjectTables) {}

  /** Oldest first. */
  list(): ShelfEntry[] {
    return this.tables.all<ShelfRow>('SELECT * FROM shelf ORDER BY created, rowid').map(entryOf);
  }

  /** @throws WorkbenchError `usage` when it is not there any more */
  get(id: string): ShelfEntry {
    const [row] = this.tables.all<ShelfRow>('SELECT * FROM shelf WHERE id = ?', id);
    if (row) return entryOf(row);
    throw new WorkbenchError('usage', 'This configuration is not on the shelf any more: another window has removed it.', { id });
  }

  add(entry: NewShelfEntry): ShelfEntry {
    const id = randomUUID();
    this.tables.write(
      'INSERT INTO shelf (id, run, name, configuration, candidate, predicted, measured, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      entry.run,
      entry.name,
      JSON.stringify(entry.configuration),
      entry.candidateId,
      entry.predicted,
      entry.measured && JSON.stringify(entry.measured),
      new Date().toISOString(),
    );
    return this.get(id);
  }

  rename(id: string, name: string): void {
    this.tables.write('UPDATE shelf SET name = ? WHERE id = ?', name, this.get(id).id);
  }

  /** Another configuration was never measured: what was known of the old one goes. */
  setConfiguration(id: string, configuration: Configuration): void {
    this.tables.write(
      'UPDATE shelf SET configuration = ?, predicted = NULL, measured = NULL WHERE id = ?',
      JSON.stringify(configuration),
      this.get(id).id,
    );
  }

  setMeasured(id: string, measured: NonNullable<ShelfEntry['measured']>): void {
    this.tables.write('UPDATE shelf SET measured = ? WHERE id = ?', JSON.stringify(measured), id);
  }

  setPredicted(id: string, predicted: number): void {
    this.tables.write('UPDATE shelf SET predicted = ? WHERE id = ?', predicted, id);
  }

  /**
   * Puts an entry into Compare or takes it out (null). A given letter is taken from whoever has it.
   * @throws WorkbenchError `usage` when a free letter is asked for and there is none
   */
  setSlot(id: string, wanted: CompareSlot | 'free' | null): void {
    const entry = this.get(id);
    let slot = wanted === 'free' ? entry.compare : wanted;
    if (wanted === 'free' && !slot) {
      const taken = this.list().map(({ compare }) => compare);
      slot = COMPARE_SLOTS.find((letter) => !taken.includes(letter)) ?? null;
      if (!slot) {
        throw new WorkbenchError(
          'usage',
          `Compare holds ${COMPARE_SLOTS.length} configurations already (${COMPARE_SLOTS.join(', ')}): take one of them out first.`,
        );
      }
    }
    if (slot) this.tables.write('UPDATE shelf SET slot = NULL WHERE slot = ?', slot);
    this.tables.write('UPDATE shelf SET slot = ? WHERE id = ?', slot, id);
  }

  remove(id: string): void {
    this.tables.write('DELETE FROM shelf WHERE id = ?', this.get(id).id);
  }
}
