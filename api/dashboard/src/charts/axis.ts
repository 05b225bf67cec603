// Axes: values to places in a drawing, and the values worth a tick.

export interface Axis {
  low: number;
  high: number;
  start: number;
  end: number;
  log: boolean;
}

/** Latencies that span more than this ratio go on a logarithmic axis. */
const LOG_RATIO = 8;
/** Interquartile ranges below the lower quartile beyond which a value is far below the rest (Tukey's fence). */
const FENCE = 1.5;
const QUARTILES_FROM = 8;

const level = (axis: Axis, value: number) => (axis.log ? Math.log10(value) : value);

/** The place of value; beyond the ends if it is beyond the range. */
export function place(axis: Axis, value: number): number {
  const low = level(axis, axis.low);
  const share = (level(axis, value) - low) / (level(axis, axis.high) - low);
  return axis.start + share * (axis.end - axis.start);
}

/** The value at a place; the inverse of place. */
export function valueAt(axis: Axis, at: number): number {
  const low = level(axis, axis.low);
  const found = low + ((at - axis.start) / (axis.end - axis.start)) * (level(axis, axis.high) - low);
  return axis.log ? 10 ** found : found;
}

export function ticks(axis: Axis, about = 6): number[] {
  return axis.log ? decades(axis) : steps(axis, about);
}

function steps(axis: Axis, about: number): number[] {
  const raw = (axis.high - axis.low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  const [first, last] = [Math.ceil(axis.low / step - 1e-9), Math.floor(axis.high / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => rounded((first + i) * step));
}

function decades(axis: Axis): number[] {
  const [first, last] = [Math.floor(Math.log10(axis.low)), Math.ceil(Math.log10(axis.high))];
  const among = (factors: number[]) =>
    Array.from({ length: last - first + 1 }, (_, i) => factors.map((factor) => rounded(factor * 10 ** (first + i))))
      .flat()
      .filter((tick) => axis.low <= tick && tick <= axis.high);
  const few = among([1, 2, 5]);
  return few.length >= 4 ? few : among([1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/** Of ticks, in their order, those that are apart enough for their numbers; powers of ten of a logarithmic axis first. */
export function thinned(axis: Axis, values: readonly number[], apart: number): number[] {
  const isPower = (value: number) => axis.log && Number.isInteger(rounded(Math.log10(value)));
  const kept: number[] = [];
  for (const value of [...values.filter(isPower), ...values.filter((value) => !isPower(value))]) {
    if (kept.every((other) => Math.abs(place(axis, value) - place(axis, other)) >= apart)) kept.push(value);
  }
  return kept.sort((a, b) => a - b);
}

const rounded = (value: number) => Number(value.toPrecision(12));

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** An axis with a margin around positive values, logarithmic if they span more than LOG_RATIO. */
export function latencyAxis(values: readonly number[], start: number, end: number): Axis {
  const [low, high] = extent(values);
  if (high / low > LOG_RATIO) {
    const margin = (high / low) ** 0.06;
    return { low: low / margin, high: high * margin, start, end, log: true };
  }
  const margin = 0.08 * (high - low) || 0.25 * high;
  return { low: Math.max(low - margin, 0), high: high + margin, start, end, log: false };
}

/** An axis with a margin around important values and the others but for those far below the rest. */
export function fencedAxis(values: readonly number[], important: readonly number[], start: number, end: number): Axis {
  let [low, high] = extent([...values, ...important]);
  if (values.length >= QUARTILES_FROM) {
    const sorted = Float64Array.from(values).sort();
    const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? low;
    const fence = quantile(0.25) - FENCE * (quantile(0.75) - quantile(0.25));
    low = Math.max(low, Math.min(fence, extent(important)[0]));
  }
  const margin = 0.08 * (high - low) || 0.05 * Math.abs(high) || 0.5;
  return { low: low - margin, high: high + margin, start, end, log: false };
}

/** A fenced axis that ends at accuracies of 0 and, nearly, 1. */
export function accuracyAxis(
  values: readonly number[],
  important: readonly number[],
  start: number,
  end: number,
): Axis {
  if (!values.length) return { low: 0, high: 1, start, end, log: false };
  const axis = fencedAxis(values, important, start, end);
  return { ...axis, low: Math.max(axis.low, 0), high: Math.min(axis.high, 1.01) };
}

/** Digits after the point that are needed to distinguish the ticks. */
export function decimals(values: readonly number[]): number {
  for (let digits = 0; digits < 9; digits++) {
    if (values.every((value) => Math.abs(Number(value.toFixed(digits)) - value) < 1e-9)) return digits;
  }
  return 9;
}
