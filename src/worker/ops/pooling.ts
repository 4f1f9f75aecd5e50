import type { GraphBuilder } from '../engine/builder.ts';
import { elementCount, type Pooling, type Value } from '../engine/graph.ts';

/** How many pixels of each window lie within the image, [rows, columns]. */
function covered(rows: number, columns: number, [, height, width]: readonly number[], { kernel, stride, padding }: Pooling): Float32Array {
  const inside = (at: number, axis: 0 | 1, size: number) => {
    const start = at * stride[axis] - padding[2 * axis];
    return Math.min(start + kernel[axis], size) - Math.max(start, 0);
  };
  return Float32Array.from(
    { length: rows * columns },
    (_, i) => inside(Math.floor(i / columns), 0, height) * inside(i % columns, 1, width),
  );
}

/** Mean over windows. @param countPadding whether padding counts, as zeros; else each mean is over the pixels of the image alone */
export function averagePool(b: GraphBuilder, x: Value, options: Pooling, countPadding: boolean): Value {
  const y = b.avgPool(x, options);
  if (countPadding || options.padding.every((size) => size === 0)) return y;
  const [, rows, columns] = y.shape;
  const shape = [1, rows, columns, 1];
  const full = elementCount(options.kernel);
  return b.mul(
    y,
    b.constant(
      covered(rows, columns, x.shape, options).map((count) => full / count),
      shape,
    ),
  );
}
