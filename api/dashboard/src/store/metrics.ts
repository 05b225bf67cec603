// The metrics that the service declares: what they are called, which way is better, how they are shown.
import { signal } from "@preact/signals";
import { request, type Metric } from "../api";

/** In the order of columns; empty until they are loaded. */
export const metrics = signal<readonly Metric[]>([]);

export async function loadMetrics(): Promise<readonly Metric[]> {
  if (!metrics.value.length) metrics.value = (await request<{ items: Metric[] }>("/v1/metrics")).items;
  return metrics.value;
}

/** Those that trials have columns for. */
export const listed = (all: readonly Metric[]): Metric[] => all.filter((metric) => metric.shown !== "details");

/** Those that follow from the network alone and are shown wherever there are few numbers. */
export const sizes = (all: readonly Metric[]): Metric[] =>
  all.filter((metric) => metric.source === "network" && metric.shown === "tables");
