// The Pareto plot in pixels: what stands where. Drawing it is for others.
import type { Finalist, ObjectiveFacts, Reference } from "../api";
import { finite } from "../format";
import { step } from "../store/front";
import { accuracyFor } from "../store/reward";
import { valueOf, type TrialTable } from "../store/columns";
import { accuracyAxis, latencyAxis, place, ticks, valueAt, type Axis } from "./axis";
import { Placer, textWidth, type Box } from "./labels";
import { obstacles } from "./obstacles";

export interface Dots {
  row: Int32Array;
  x: Float32Array;
  y: Float32Array;
  /** Whether the dot stands at the edge, its accuracy being below the axis. */
  below: Uint8Array;
}

export interface Mark {
  kind: "finalist" | "reference" | "tick";
  name: string;
  /** The name as far as it is written beside the mark: of networks on a curve, but for the last, the width alone. */
  said: string;
  x: number;
  y: number;
  label: Box | null;
  trial: number | null;
  metrics: Record<string, number | null>;
  /** Of a reference: how the best finalist compares with it. */
  verdict: string | null;
  /** How far its 95 % intervals reach: least and largest x, and y; null where nothing is known of an error. */
  across: [number, number] | null;
  along: [number, number] | null;
  /** Where the search saw a finalist. */
  from: [number, number] | null;
}

export interface Scene {
  width: number;
  height: number;
  area: Box;
  x: Axis;
  y: Axis;
  dots: Dots;
  front: { trial: number; x: number; y: number }[];
  frontLine: [number, number][];
  iso: [number, number][][];
  target: number | null;
  marks: Mark[];
  /** Lines through reference networks that differ in width alone, by rising latency. */
  curves: [number, number][][];
  /** Latencies of trials that are being trained. */
  running: number[];
}

export interface Subject {
  table: TrialTable;
  references: readonly Reference[];
  finalists: readonly Finalist[];
  target: number | null;
  objective: ObjectiveFacts | null;
}

const MAX_NAMES = 14;
const MAX_RUNNING = 64;
const SAMPLES = 96;
/** Curves of equal reward that meet the target above, and below, the range of accuracies. */
const BEYOND = 6;
const ROW = 20;

/** null while no latency but the target is known. */
export function scene(subject: Subject, width: number, height: number): Scene | null {
  const { table, target } = subject;
  const area = { left: width < 560 ? 46 : 58, top: 46, right: width - 18, bottom: height - 50 };
  const named = [...subject.finalists, ...subject.references]
    .map((row) => ({
      row,
      latency: finite(row.metrics[table.latency]),
      accuracy: finite(row.metrics["test_accuracy"]) ?? finite(row.metrics["accuracy"]),
    }))
    .filter((each): each is typeof each & { latency: number } => each.latency !== null && each.latency > 0);
  const points = table.columns.number.map((_, row) => table.point(row));
  const running = runningLatencies(table);
  const latencies = [...named.map((each) => each.latency), ...running];
  const accuracies: number[] = [];
  for (const point of points) {
    if (!point) continue;
    latencies.push(point.latency);
    accuracies.push(point.accuracy);
  }
  const shown = named.flatMap((each) => (each.accuracy === null ? [] : [each.accuracy]));
  if (!latencies.length) return null;
  if (target !== null) latencies.push(target);
  const x = latencyAxis(latencies, area.left, area.right);
  const lane = named.some((each) => each.accuracy === null) ? ROW * 1.5 : 0;
  const important = [...table.front.map((point) => point.accuracy), ...shown];
  const highest = named.flatMap(({ row, accuracy }) => (accuracy === null ? [] : [finite(row.metrics["test_accuracy_high"]) ?? accuracy]));
  const y = accuracyAxis([...accuracies, ...shown, ...highest], [...important, ...highest], area.bottom - lane, area.top);
  const at = (latency: number, accuracy: number): [number, number] => [
    place(x, latency),
    place(y, Math.max(accuracy, y.low)),
  ];

  const dots = dotsOf(points, at, y);
  const front = table.front.map((point) => {
    const [a, b] = at(point.latency, point.accuracy);
    return { trial: point.trial, x: a, y: b };
  });
  const frontLine = step(
    front.map((point) => [point.x, point.y] as const),
    area.right,
  );
  const families = curvesOf(named);
  const curves = families.map((family) => family.map((each) => at(each.latency, each.accuracy)));
  const signs = named.flatMap((each) => (each.accuracy === null ? [] : [at(each.latency, each.accuracy)]));
  const standing = { dots, signs, front: frontLine, curves, target: target === null ? null : place(x, target) };
  const placer = new Placer(area, obstacles(standing, area));
  const inFull = new Set<object>(named.map((each) => each.row));
  for (const family of families) for (const each of family.slice(0, -1)) inFull.delete(each.row);
  const marks = named.slice(0, 60).map(({ row, latency, accuracy }, i): Mark => {
    const finalist = "trial" in row ? row : null;
    const name = finalist ? `trial ${finalist.trial}` : (row as Reference).label;
    const said = finalist || inFull.has(row) ? name : `×${(row as Reference).width}`;
    const [a, b] = accuracy === null ? [place(x, latency), area.bottom - lane + 8] : at(latency, accuracy);
    const label =
      i < MAX_NAMES
        ? placer.place(a, b, textWidth(said, width < 560 ? 11 : 12) + 4, accuracy === null ? 6 : 10)
        : null;
    const seen = finalist ? points[table.row(finalist.trial) ?? -1] : null;
    return {
      kind: finalist ? "finalist" : accuracy === null ? "tick" : "reference",
      name,
      said,
      x: a,
      y: b,
      across: accuracy === null ? null : spread(latency, errorOf(row.metrics, table.latency), x),
      along: accuracy === null ? null : tested(row.metrics, y),
      label,
      trial: finalist?.trial ?? null,
      metrics: row.metrics,
      verdict: finalist ? null : ((row as Reference).verdict ?? null),
      from: seen && accuracy !== null ? at(seen.latency, seen.accuracy) : null,
    };
  });
  const iso = isoRewards(subject.objective, target, x, y);
  return {
    width,
    height,
    area,
    x,
    y,
    dots,
    front,
    frontLine,
    iso,
    target: target === null ? null : place(x, target),
    marks,
    curves,
    running: running.map((each) => place(x, each)),
  };
}

interface Named {
  row: Finalist | Reference;
  latency: number;
  accuracy: number | null;
}

/** Reference networks of one curve, by rising latency, if two or more were tested and measured. */
function curvesOf(named: readonly Named[]): (Named & { accuracy: number })[][] {
  const found = new Map<string, (Named & { accuracy: number })[]>();
  for (const { row, latency, accuracy } of named) {
    const curve = "trial" in row ? null : row.curve;
    if (!curve || accuracy === null) continue;
    found.set(curve, [...(found.get(curve) ?? []), { row, latency, accuracy }]);
  }
  return [...found.values()]
    .filter((family) => family.length > 1)
    .map((family) => family.sort((one, other) => one.latency - other.latency));
}

function errorOf(metrics: Mark["metrics"], by: string): number | null {
  return finite(metrics[by.replace("latency_ms", "latency_error_ms")]);
}

/** The 95 % interval of a latency whose repeatability is known, in places of the axis. */
function spread(latency: number, error: number | null, x: Axis): [number, number] | null {
  if (error === null) return null;
  const by = Math.exp((1.96 * error) / latency);
  return [place(x, latency / by), place(x, latency * by)];
}

/** The interval of a test accuracy, in places of the axis. */
function tested(metrics: Mark["metrics"], y: Axis): [number, number] | null {
  const [low, high] = [finite(metrics["test_accuracy_low"]), finite(metrics["test_accuracy_high"])];
  return low === null || high === null ? null : [place(y, Math.max(low, y.low)), place(y, high)];
}

function runningLatencies(table: TrialTable): number[] {
  const { columns } = table;
  const { state } = columns;
  const found: number[] = [];
  for (let row = state.length - 1; row >= 0 && found.length < MAX_RUNNING; row--) {
    const latency = valueOf(columns, table.latency, row);
    if (state[row] === "RUNNING" && latency !== null && latency > 0) found.push(latency);
  }
  return found;
}

function dotsOf(
  points: ReturnType<TrialTable["point"]>[],
  at: (latency: number, accuracy: number) => [number, number],
  y: Axis,
): Dots {
  const rows = points.flatMap((point, row) => (point ? [row] : []));
  const dots: Dots = {
    row: Int32Array.from(rows),
    x: new Float32Array(rows.length),
    y: new Float32Array(rows.length),
    below: new Uint8Array(rows.length),
  };
  rows.forEach((row, i) => {
    const point = points[row]!;
    [dots.x[i], dots.y[i]] = at(point.latency, point.accuracy);
    dots.below[i] = Number(point.accuracy < y.low);
  });
  return dots;
}

/** Curves of equal reward at even steps: at the target the reward is the accuracy, so each meets a tick there. */
function isoRewards(objective: ObjectiveFacts | null, target: number | null, x: Axis, y: Axis): [number, number][][] {
  const accuracy = accuracyFor(objective, target);
  const marks = ticks(y);
  if (!accuracy || target === null || marks.length < 2) return [];
  const by = marks[1]! - marks[0]!;
  const latencies = Array.from({ length: SAMPLES }, (_, i) =>
    valueAt(x, x.start + ((x.end - x.start) * (i + 0.5)) / SAMPLES),
  );
  latencies.push(target);
  latencies.sort((a, b) => a - b);
  return Array.from({ length: marks.length + 2 * BEYOND }, (_, i) => {
    const reward = marks[0]! + (i - BEYOND) * by;
    return latencies.map((latency): [number, number] => [place(x, latency), place(y, accuracy(reward, latency))]);
  }).filter((curve) => curve.some(([, b]) => b <= y.start && b >= y.end));
}

export type Hit =
  { kind: "trial"; row: number; x: number; y: number } | { kind: "mark"; mark: Mark; x: number; y: number };

/** What is nearest to a place, within a reach; named marks go first. */
export function hit(found: Scene, x: number, y: number, reach = 18): Hit | null {
  let [best, least]: [Hit | null, number] = [null, reach * reach];
  for (const mark of found.marks) {
    const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2 - 60;
    if (distance < least) [best, least] = [{ kind: "mark", mark, x: mark.x, y: mark.y }, distance];
  }
  const { dots } = found;
  for (let i = 0; i < dots.x.length; i++) {
    const distance = (dots.x[i]! - x) ** 2 + (dots.y[i]! - y) ** 2;
    if (distance < least)
      [best, least] = [{ kind: "trial", row: dots.row[i]!, x: dots.x[i]!, y: dots.y[i]! }, distance];
  }
  return best;
}

/** The next dot in a direction, by latency; along the front if asked. -1 stands for none yet. */
export function neighbour(
  found: Scene,
  table: TrialTable,
  row: number,
  by: 1 | -1,
  alongFront: boolean,
): number | null {
  const front = new Set(found.front.map((point) => point.trial));
  const { columns } = table;
  const latency = (of: number) => valueOf(columns, table.latency, of) ?? Infinity;
  const onFront = (each: number) => front.has(columns.number[each]!);
  const order = Array.from(found.dots.row).filter((each) => !alongFront || onFront(each) || each === row);
  order.sort((a, b) => latency(a) - latency(b) || a - b);
  if (!order.length) return null;
  const now = order.indexOf(row);
  if (now < 0) return order[by > 0 ? 0 : order.length - 1]!;
  return order[Math.min(Math.max(now + by, 0), order.length - 1)]!;
}
