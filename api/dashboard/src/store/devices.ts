// The devices of a search for several: which metric is the latency on each, and its target.
import type { Metric, Search } from "../api";
import { finite } from "../format";

export const LATENCY = "latency_ms";

export interface OnDevice {
  name: string;
  metric: string;
  target: number | null;
}

/** The devices of a search for several, the first one first; none for a search of one, or before it has begun. */
export function devicesOf(search: Search | null): OnDevice[] {
  return (search?.facts?.devices ?? []).map(({ name, metric, target_latency_ms }) => ({
    name,
    metric,
    target: finite(target_latency_ms),
  }));
}

/** A metric's name without the device that it is of, and that device, if it is not the first. */
export function split(metric: string): [string, string | null] {
  const at = metric.indexOf("@");
  return at < 0 ? [metric, null] : [metric.slice(0, at), metric.slice(at + 1)];
}

/** The declaration of a metric on a device that is not the first. */
export const onDevice = (metric: Metric, device: string): Metric => ({
  ...metric,
  name: `${metric.name}@${device}`,
  label: `${metric.label} on ${device}`,
  heading: `${metric.heading} on ${device}`,
});

/** The metrics, with that of the latency followed by those on further devices. */
export const withDevices = (metrics: readonly Metric[], devices: readonly OnDevice[]): Metric[] =>
  metrics.flatMap((metric) =>
    metric.name === LATENCY ? [metric, ...devices.slice(1).map(({ name }) => onDevice(metric, name))] : [metric],
  );
