// The Pareto front of accuracy against latency: nothing else has both less latency and more accuracy.

/** The metrics of the front. */
export const FRONT: readonly string[] = ["accuracy", "latency_ms"];

export interface Point {
  trial: number;
  latency: number;
  accuracy: number;
}

/** Whether a is at least as good as b in both, so that b is not on a front with it. */
function covers(a: Point, b: Point): boolean {
  return a.latency <= b.latency && a.accuracy >= b.accuracy;
}

/** The front with point, by rising latency; the same array if the front stays as it is. Of equals the first stays. */
export function extended(front: readonly Point[], point: Point): readonly Point[] {
  if (front.some((member) => covers(member, point))) return front;
  const rest = front.filter((member) => !covers(point, member));
  const at = rest.findIndex((member) => member.latency > point.latency);
  rest.splice(at < 0 ? rest.length : at, 0, point);
  return rest;
}

/** The front of points, by rising latency. */
export function frontOf(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.latency - b.latency || b.accuracy - a.accuracy || a.trial - b.trial);
  const front: Point[] = [];
  for (const point of sorted) {
    const last = front.at(-1);
    if (!last || point.accuracy > last.accuracy) front.push(point);
  }
  return front;
}

/** The corners of the step line through points that are sorted by x. */
export function step(points: readonly (readonly [number, number])[], end: number): [number, number][] {
  const corners: [number, number][] = [];
  let last: readonly [number, number] | undefined;
  for (const point of points) {
    if (last) corners.push([point[0], last[1]]);
    corners.push([point[0], point[1]]);
    last = point;
  }
  if (last) corners.push([end, last[1]]);
  return corners;
}
