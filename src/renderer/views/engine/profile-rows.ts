/** A profile as the Engine screen shows it. */
import type { ProfileKind, ProfileLayer, StepProfile } from '../../../shared/contract/profile.ts';
import type { NamedBar } from '../../charts/BarsByName.vue';
import { fixed, percent } from '../../format.ts';
import { t } from '../../i18n.ts';
import type { Column } from '../../ui/types.ts';

/** between a number and its unit */
const SPACE = '\u00a0';

/** Milliseconds, without the unit: 0.42, 84.10, 1,254.6. */
export const milliseconds = (value: number): string => fixed(value, value < 100 ? 2 : 1);
const isQuantization = (kind: ProfileKind): boolean => kind === 'activation-quantization' || kind === 'weight-quantization';

export const QUANTIZATION_COLOR = '--accent';
export const OTHER_COLOR = '--bitline-4';

/** One bar for each kind, the longest first. */
export function kindBars({ kinds }: StepProfile): NamedBar[] {
  return [...kinds]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .map(({ kind, milliseconds: value, share }) => ({
      id: kind,
      name: t(`engine.profile.kind.${kind}`),
      value,
      text: `${milliseconds(value)}${SPACE}ms · ${percent(share, 1)}${SPACE}%`,
      color: isQuantization(kind) ? QUANTIZATION_COLOR : OTHER_COLOR,
    }));
}

/** Columns of the table of layers. @param place of a layer in the network, from 0 */
export function layerColumns(place: (layer: ProfileLayer) => number): Column<ProfileLayer>[] {
  const time = (key: 'forward' | 'backward' | 'quantization' | 'milliseconds', hideBelow?: number): Column<ProfileLayer> => ({
    key,
    title: t(`engine.profile.column.${key}`),
    align: 'right',
    width: key === 'quantization' ? 'minmax(84px, 0.5fr)' : 'minmax(60px, 0.5fr)',
    descendingFirst: true,
    sort: (layer) => layer[key],
    format: (layer) => milliseconds(layer[key]),
    hideBelow,
  });
  return [
    { key: 'name', title: t('engine.profile.column.layer'), mono: true, width: 'minmax(120px, 2fr)', sort: place, format: ({ name }) => name },
    { key: 'kind', title: t('engine.profile.column.kind'), width: 'minmax(84px, 1fr)', sort: ({ kind }) => kind, format: ({ kind }) => t(`data.kind.${kind}`), hideBelow: 640 },
    time('forward', 480),
    time('backward', 480),
    time('quantization'),
    time('milliseconds'),
    {
      key: 'share',
      title: t('engine.profile.column.share'),
      align: 'right',
      width: '56px',
      descendingFirst: true,
      sort: ({ share }) => share,
      format: ({ share }) => percent(share, 1),
    },
  ]; // prettier-ignore
}
