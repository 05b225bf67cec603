// A slider of latencies: where it begins and ends, and which latency is at which of its places.
import { finite } from "../format";

/** From a tenth below the fastest to a tenth above the slowest, and never without the target. */
export function rangeOf(
  known: readonly (number | null | undefined)[],
  target: number | null,
): readonly [number, number] | null {
  const found = known.flatMap((each) => (finite(each) !== null && each! > 0 ? [each!] : []));
  if (!found.length) return null;
  const within = target === null ? [] : [target];
  return [Math.min(0.9 * Math.min(...found), ...within), Math.max(1.1 * Math.max(...found), ...within)];
}

/** The places of the slider, between which latencies rise by equal factors. */
export const STEPS = 400;

export const placeOf = ([low, high]: readonly [number, number], latency: number): number =>
  Math.round((STEPS * Math.log(latency / low)) / Math.log(high / low));

export const latencyAt = ([low, high]: readonly [number, number], place: number): number =>
  low * (high / low) ** (place / STEPS);
