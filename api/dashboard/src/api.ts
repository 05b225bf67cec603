// The service's resources as types, and the one way to ask for them.
import { signal } from "@preact/signals";

export type SearchState =
  "QUEUED" | "RUNNING" | "PAUSING" | "PAUSED" | "CANCELLING" | "CANCELLED" | "SUCCEEDED" | "FAILED";
export type TrialState = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Metrics = Record<string, number | null>;

export interface Plugin {
  name: string;
  [parameter: string]: Json;
}

export interface ObjectiveFacts {
  name: string;
  target_latency_ms?: number | null;
  steers?: boolean;
  formula?: string;
  note?: string | null;
  [parameter: string]: unknown;
}

export interface Facts {
  dataset?: {
    name: string;
    classes: string[];
    train: number;
    validation: number;
    test: number;
    side: number;
    channels: number;
  };
  space?: { name: string; size: string | number };
  device?: {
    name: string;
    runtime: string;
    runtime_version: string;
    precision: string;
    threads: number;
    cpu: string;
    statistic: string;
  };
  objective?: ObjectiveFacts;
}

export interface Counts {
  trials: number;
  queued: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  refused: number;
  reused: number;
}

export interface Progress {
  what: string;
  done: number;
  total: number;
}

export interface SearchItem {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: SearchState;
  state_reason: string | null;
  state_message: string | null;
  phase: string | null;
  progress: Progress | null;
  priority: number;
  max_trials: number;
  parent_id: string | null;
  counts: Counts;
  best: { trial: number; reward: number } | null;
  target_latency_ms: number | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  transition_at: string;
  eta_seconds: number | null;
  last_seq: number;
}

export interface Search extends SearchItem {
  spec: Record<string, Json>;
  facts: Facts | null;
}

export interface Node {
  id: number;
  op: string;
  text: string;
  shape: number[];
  params: number;
  macs: number;
  member: number;
}
export interface Diagram {
  input: number[];
  nodes: Node[];
  edges: [number, number][];
}

export interface Attempt {
  attempt: number;
  worker: string;
  state: string;
  reason: string | null;
  started_at: string;
  ended_at: string | null;
}
export interface Artifact {
  trial?: number | null;
  kind: string;
  file: string;
  sha256: string;
  size_bytes: number;
  url?: string;
}

export interface Trial {
  id: string;
  search_id: string;
  number: number;
  state: TrialState;
  architecture_id: string;
  notation: string;
  choices: Record<string, Json>;
  metrics: Metrics;
  reward: number | null;
  reason: string | null;
  reused: boolean;
  on_front: boolean;
  attempts: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  diagram: Diagram | null;
  curve: ({ epoch: number } & Metrics)[];
  attempt_list: Attempt[];
  artifacts: Artifact[];
}

export interface Reference {
  label: string;
  notation: string;
  metrics: Metrics;
}
export interface Finalist {
  trial: number;
  id: string;
  file: string;
  sha256?: string;
  metrics: Metrics;
  notation: string;
  url?: string;
  files: ModelFile[];
  note?: string | null;
}
/** A finalist in one format: as it is in that runtime, its difference that of a score to ONNX Runtime's. */
export interface ModelFile {
  format: string;
  file: string;
  runtime?: string;
  sha256: string | null;
  size_bytes?: number;
  test_accuracy?: number;
  max_abs_difference?: number;
  url?: string | null;
}
export interface ParetoPoint {
  number: number;
  metrics: Metrics;
  reward: number | null;
}
export interface Pareto {
  seq: number;
  target_latency_ms: number | null;
  hypervolume: number | null;
  points: ParetoPoint[];
  references: Reference[];
  finalists: Finalist[];
}

export interface Export {
  id: string;
  trial_id: string;
  state: string;
  reason: string | null;
  artifact_sha256: string | null;
  file: string | null;
}
export interface SearchEvent {
  seq: number;
  type: string;
  at: string;
  data: Record<string, any>;
} // eslint-disable-line
export interface Session {
  open: boolean;
  scopes: string[];
}

export interface FieldError {
  field: string;
  message: string;
}

/** What the service, or the way to it, had against a request. Status 0: it did not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null = null,
    readonly reason: string | null = null,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail || title);
    this.name = "Problem";
  }
}

/** Set when a request was refused for want of a key; the page then asks for one. */
export const locked = signal(false);

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const { method = "GET", body, headers = {}, signal } = options;
  const form = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body && !form ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      body: form ? body : body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer", "Is it running? This page goes on by itself when it is back.");
  }
  const text = await response.text();
  if (!response.ok) throw refusal(response, text);
  if (!text) return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Problem(
      response.status,
      "The answer is not JSON",
      `What ${path} sent could not be read.`,
      requestId(response),
    );
  }
}

function requestId(response: Response): string | null {
  return response.headers.get("X-Request-Id");
}

function refusal(response: Response, text: string): Problem {
  if (response.status === 401) locked.value = true;
  const fallback = `The service answered ${response.status} ${response.statusText}`.trim();
  try {
    const said = JSON.parse(text) as Record<string, unknown>;
    const word = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : null);
    const errors = Array.isArray(said["errors"]) ? (said["errors"] as FieldError[]) : [];
    return new Problem(
      response.status,
      word("title") ?? fallback,
      word("detail") ?? "",
      word("request_id") ?? requestId(response),
      word("reason"),
      errors,
    );
  } catch {
    return new Problem(response.status, fallback, "", requestId(response));
  }
}

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(-1, "Something went wrong on this page", String(error));

export const searchPath = (id: string) => `/v1/searches/${encodeURIComponent(id)}`;
export const trialPath = (search: string, number: number) => `/v1/trials/${encodeURIComponent(`${search}.${number}`)}`;

/** Where a file can be downloaded under its own name. */
export function artifactUrl(artifact: { url?: string; sha256?: string | null; file?: string | null }): string | null {
  if (artifact.url?.startsWith("/")) return artifact.url;
  if (!artifact.sha256) return null;
  const name = artifact.file ? `?filename=${encodeURIComponent(artifact.file)}` : "";
  return `/v1/artifacts/${artifact.sha256}${name}`;
}
