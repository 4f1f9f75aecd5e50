/**
 * Pareto fronts. A point is a list of objectives that are all minimised (negate what should be large); points are named
 * by their index. Equal points do not dominate each other. Objectives must be finite.
 */
export type ObjectivePoint = readonly number[];

/** True when `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: ObjectivePoint, b: ObjectivePoint): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] > b[i]) return false;
    if (a[i] < b[i]) better = true;
  }
  return better;
}

function checkFinite(points: readonly ObjectivePoint[]): void {
  const bad = points.findIndex((point) => !point.every(Number.isFinite));
  if (bad >= 0)
    throw new RangeError(`Point ${bad} of a Pareto front has an objective that is not a finite number: [${points[bad].join(', ')}].`);
}

/** Indices of the points that no other point dominates, by ascending first objective. */
export function nonDominated(points: readonly ObjectivePoint[]): number[] {
  checkFinite(points);
  const objectives = points[0]?.length ?? 0;
  return nonDominatedColumns(Array.from({ length: objectives }, (_, k) => Float64Array.from(points, (point) => point[k])));
}

/**
 * As `nonDominated`, for tens of thousands of points: a column for each objective, all finite.
 * O(n log n) for up to three objectives (Kung et al., 1975), else O(n x front).
 */
export function nonDominatedColumns(columns: readonly Float64Array[]): number[] {
  const lexicographic = (i: number, j: number): number => {
    for (const column of columns) if (column[i] !== column[j]) return column[i] - column[j];
    return 0;
  };
  const order = Uint32Array.from(contenders(columns)).sort((i, j) => lexicographic(i, j) || i - j);
  // In lexicographic order a point can be dominated only by an earlier one, and then also by one of the front.
  const dominated = columns.length <= 3 ? staircase(columns[1], columns[2]) : scan(columns);
  const front: number[] = [];
  let last = false;
  order.forEach((index, place) => {
    // Of equal points all are in the front, or none.
    if (place === 0 || lexicographic(order[place - 1], index) !== 0) last = dominated(index);
    if (!last) front.push(index);
  });
  return front;
}

/** Of more points than this, those that a few of them dominate are left out before the rest is sorted. */
const MANY = 2000;
const SAMPLE = 200;

/** Indices of all points but some that others dominate. */
function contenders(columns: readonly Float64Array[]): number[] {
  const all = Array.from({ length: columns[0]?.length ?? 0 }, (_, index) => index);
  if (all.length <= MANY) return all;
  const sample = Array.from({ length: SAMPLE }, (_, i) => Math.floor((i * all.length) / SAMPLE));
  const strong = nonDominatedColumns(columns.map((column) => Float64Array.from(sample, (index) => column[index]))).map((i) => sample[i]);
  return all.filter((index) => !strong.some((member) => better(columns, member, index)));
}

/** Whether the first of two points dominates the second. */
function better(columns: readonly Float64Array[], i: number, j: number): boolean {
  let somewhere = false;
  for (let k = 0; k < columns.length; k++) {
    const column = columns[k];
    if (column[i] > column[j]) return false;
    if (column[i] < column[j]) somewhere = true;
  }
  return somewhere;
}

/** Says of points that differ and come in lexicographic order which are dominated, by a pass over those that are not. */
function scan(columns: readonly Float64Array[]): (index: number) => boolean {
  const front: number[] = [];
  return (index) => {
    const dominated = front.some((member) => columns.every((column) => column[member] <= column[index]));
    if (!dominated) front.push(index);
    return dominated;
  };
}

/**
 * The same for three objectives, of which the order has dealt with the first: the others of the points seen so far are kept
 * as stairs, the second ascending and the third falling. Objectives that are not there count as equal.
 */
function staircase(second?: Float64Array, third?: Float64Array): (index: number) => boolean {
  const [seconds, thirds]: [number[], number[]] = [[], []];
  return (index) => {
    const [x, y] = [second?.[index] ?? 0, third?.[index] ?? 0];
    let [low, high] = [0, seconds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seconds[middle] <= x) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && thirds[low - 1] <= y) return true;
    // The new step hides those to its right that are not lower; one at the same place is higher, or it would have dominated.
    const from = low > 0 && seconds[low - 1] === x ? low - 1 : low;
    let to = low;
    while (to < thirds.length && thirds[to] >= y) to++;
    seconds.splice(from, to - from, x);
    thirds.splice(from, to - from, y);
    return false;
  };
}

/**
 * Fast non-dominated sort (Deb et al., NSGA-II, 2002): fronts of rank 0, 1, ... Every point is in exactly one; indices
 * ascend within a front. O(objectives * n^2).
 */
export function nonDominatedSort(points: readonly ObjectivePoint[]): number[][] {
  checkFinite(points);
  const dominated: number[][] = points.map(() => []);
  const dominators = new Uint32Array(points.length);
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      if (dominates(points[i], points[j])) {
        dominated[i].push(j);
        dominators[j]++;
      } else if (dominates(points[j], points[i])) {
        dominated[j].push(i);
        dominators[i]++;
      }
    }
  }
  const fronts: number[][] = [];
  let front = points.map((_, index) => index).filter((index) => dominators[index] === 0);
  while (front.length) {
    fronts.push(front);
    front = front.flatMap((index) => dominated[index].filter((other) => --dominators[other] === 0)).sort((a, b) => a - b);
  }
  return fronts;
}

/**
 * Crowding distance of the members of one front (NSGA-II): for each objective the gap between a member's neighbours over
 * the front's range, summed; Infinity at the ends. In the order of `front`.
 */
export function crowdingDistance(points: readonly ObjectivePoint[], front: readonly number[]): number[] {
  const distance = front.map(() => 0);
  for (let objective = 0; objective < (points[front[0]]?.length ?? 0); objective++) {
    const value = (place: number) => points[front[place]][objective];
    const order = front.map((_, place) => place).sort((a, b) => value(a) - value(b) || a - b);
    const range = value(order[order.length - 1]) - value(order[0]);
    distance[order[0]] = distance[order[order.length - 1]] = Infinity;
    if (range === 0) continue;
    for (let i = 1; i < order.length - 1; i++) distance[order[i]] += (value(order[i + 1]) - value(order[i - 1])) / range;
  }
  return distance;
}

/**
 * The knee of a front: the member farthest from the plane through the ends of the front, on the side of the ideal point,
 * after each objective is scaled to 0..1 over the front (Das, "On characterizing the knee of the Pareto curve", 1999).
 * With scaled objectives that is the member with the least sum. Null for an empty front.
 */
export function kneePoint(points: readonly ObjectivePoint[], front: readonly number[]): number | null {
  if (front.length === 0) return null;
  const objectives = points[front[0]].length;
  const score = new Float64Array(front.length);
  for (let objective = 0; objective < objectives; objective++) {
    const values = front.map((index) => points[index][objective]);
    const low = Math.min(...values);
    const range = Math.max(...values) - low;
    if (range > 0) values.forEach((value, place) => (score[place] += (value - low) / range));
  }
  return front[score.indexOf(Math.min(...score))];
}
