// The metrics that the service declares: what they are called, which way is better, how they are shown.
import { signal } from "@preact/signals";
import { request, type Json, type Metric } from "../api";

/** In the order of columns; empty until they are loaded. */
export const metrics = signal<readonly Metric[]>([]);

export async function loadMetrics(): Promise<readonly Metric[]> {
  if (!metrics.value.length) metrics.value = (await request<{ items: Metric[] }>("/v1/metrics")).items;
  return metrics.value;
}

/** Those that the trials of a search have columns for: of scores of untrained networks, those that its spec names. */
export const listed = (all: readonly Metric[], spec: Readonly<Record<string, Json>>): Metric[] =>
  all.filter(({ name, shown }) => shown === "tables" || shown === "wide" || (shown === "present" && scored(spec, name)));

const scored = (spec: Readonly<Record<string, Json>>, name: string): boolean => {
  const use = spec["zero_cost"] as { scores?: string[] } | null | undefined;
  return use?.scores?.includes(name) ?? false;
};

/** Those that follow from the network alone and are shown wherever there are few numbers. */
export const sizes = (all: readonly Metric[]): Metric[] =>
  all.filter((metric) => metric.source === "network" && metric.shown === "tables");
