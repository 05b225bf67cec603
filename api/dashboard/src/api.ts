// The service's resources as types, generated from its schemas, and the one way to ask for them.
// Types are generated for the names that are used here as members of Schemas, and for those that they refer to.
import { signal } from "@preact/signals";
import type { components } from "./api.gen";
import { at } from "./root";

type Schemas = components["schemas"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type SearchState = Schemas["SearchState"];
export type TrialState = Schemas["TrialState"];
export type Metrics = Schemas["Point"]["metrics"];
export type Progress = Schemas["Progress"];
export type SearchItem = Schemas["SearchSummary"];
export type Search = Omit<Schemas["SearchOut"], "spec"> & { spec: Record<string, Json> };
export type ObjectiveFacts = Schemas["ObjectiveFacts"] & Record<string, unknown>;
export type Node = Schemas["Node"];
export type Diagram = Schemas["TrialDetail"]["diagram"];
export type Artifact = Schemas["ArtifactOut"];
export type Trial = Schemas["TrialDetail"];
export type Reference = Schemas["Reference"];
export type Finalist = Schemas["Finalist"];
export type ModelFile = Schemas["ModelFile"];
export type RankingOut = Schemas["Ranking"];
export type BaselineOut = Schemas["Baseline"];
export type Pareto = Schemas["ParetoOut"];
export type Winner = Schemas["WinnerOut"];
export type Export = Schemas["ExportOut"];
export type CompressionReport = NonNullable<Export["report"]>;
export type CompressionStage = Schemas["CompressionStage"];
export type Preset = Schemas["Preset"];
export type SearchEvent = Omit<Schemas["EventOut"], "data"> & { data: Record<string, any> };
export type Session = Schemas["SessionOut"];
export type Metric = Schemas["MetricOut"];
export type Correlation = Schemas["CorrelationOut"];
export type FieldError = Schemas["FieldProblem"];
export type Datasets = Schemas["Datasets"];
export type Uploaded = Schemas["Upload"];
export type TeacherFile = Schemas["TeacherFile"];
export type Disk = Schemas["Disk"];
export type Agent = Schemas["AgentOut"];
export type CreatedDevice = Schemas["CreatedDevice"];
export type Key = Schemas["KeyOut"];
export type CreatedKey = Schemas["CreatedKey"];
export type Validated = Schemas["Validated"];
export type ProxyCheck = Schemas["ProxyCheckOut"];
export type ProxyResult = NonNullable<ProxyCheck["result"]>;
export type CheckedNetwork = Schemas["CheckedNetwork"];
export type Suggestion = Schemas["SuggestionOut"];
export type SuggestionResult = NonNullable<Suggestion["result"]>;
export type Offer = Schemas["OfferOut"];
export type LogPage = Schemas["LogPage"];

/** Why a request failed. Status 0: the service did not answer. */
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

/** Set when a request was refused because it had no valid key; the page then asks for one. */
export const locked = signal(false);

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const { method = "GET", body, headers = {}, signal } = options;
  const isForm = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(at(path), {
      method,
      signal: signal ?? null,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(isForm || !body ? {} : { "Content-Type": "application/json" }), ...headers },
      body: isForm ? body : body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer", "Is it running? This page continues by itself when it is back.");
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
    const field = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : null);
    const errors = Array.isArray(said["errors"]) ? (said["errors"] as FieldError[]) : [];
    return new Problem(
      response.status,
      field("title") ?? fallback,
      field("detail") ?? "",
      field("request_id") ?? requestId(response),
      field("reason"),
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
export const suggestionPath = (id: string) => `/v1/suggestions/${encodeURIComponent(id)}`;
export const checkPath = (id: string) => `/v1/proxy-checks/${encodeURIComponent(id)}`;
