// One search as it happens: loaded once, then kept up to date by its events.
import { signal } from "@preact/signals";
import {
  asProblem,
  request,
  searchPath,
  type Correlation,
  type Export,
  type Finalist,
  type Pareto,
  type Problem,
  type RankingOut,
  type BaselineOut,
  type Reference,
  type Search,
  type SearchEvent,
} from "../api";
import { Feed, type Connection } from "../events";
import { at } from "../root";
import { Slot } from "../slot";
import { columnsQuery, TrialTable } from "./columns";
import { listed, loadMetrics } from "./metrics";

const REFRESH_MS = 3000;
const SOON_MS = 150;

/** done of total epochs, of all stages together. */
export interface Exporting {
  stage: string;
  done: number;
  total: number;
}

/** What is loaded again after events. */
type Part = "search" | "pareto" | "correlations";

/** What the figures read of a search. */
export type SearchView = Pick<LiveSearch, "search" | "table" | "revision" | "references" | "finalists" | "baseline">;

export class LiveSearch {
  readonly search = signal<Search | null>(null);
  readonly problem = signal<Problem | null>(null);
  readonly connection = signal<Connection>("connecting");
  readonly table = new TrialTable();
  /** Rises when the table has changed: at most once a frame. */
  readonly revision = signal(0);
  readonly references = signal<Reference[]>([]);
  readonly finalists = signal<Finalist[]>([]);
  readonly correlations = signal<readonly Correlation[]>([]);
  readonly baseline = signal<BaselineOut | null>(null);
  readonly ranking = signal<RankingOut | null>(null);
  readonly hypervolume = signal<number | null>(null);
  readonly note = signal<string | null>(null);
  readonly exports = signal<ReadonlyMap<number, Partial<Export>>>(new Map());
  /** The states of exports of compressed files, by their ids. */
  readonly compressions = signal<ReadonlyMap<string, string>>(new Map());
  /** How far exports are, by their ids. */
  readonly exporting = signal<ReadonlyMap<string, Exporting>>(new Map());
  /** The last event that changed a trial, by its number: a page that shows the trial loads it again. */
  readonly changed = signal<ReadonlyMap<number, number>>(new Map());

  private feed: Feed | null = null;
  private frame = 0;
  private readonly touched = new Set<number>();
  private readonly timers = new Map<string, number>();
  private ended = false;

  constructor(readonly id: string) {}

  async start(): Promise<void> {
    this.problem.value = null;
    const path = searchPath(this.id);
    try {
      const [known, { spec }] = await Promise.all([loadMetrics(), request<Search>(path)]);
      const query = columnsQuery(listed(known, spec).map((metric) => metric.name));
      const columns = await request<{ seq: number; columns: Record<string, unknown[]> }>(
        `${path}/trials:columns?${query}`,
      );
      const [search, pareto] = await Promise.all([request<Search>(path), request<Pareto>(`${path}/pareto`)]);
      await this.refresh("correlations");
      if (this.ended) return;
      this.table.load(columns.columns);
      this.search.value = search;
      this.takePareto(pareto);
      this.revision.value++;
      this.listen(columns.seq);
    } catch (error) {
      this.problem.value = asProblem(error);
    }
  }

  stop(): void {
    this.ended = true;
    this.rest();
    document.removeEventListener("visibilitychange", this.watch);
    cancelAnimationFrame(this.frame);
  }

  /** Ask for what ends the search here, such as deleting it, without asking for its progress meanwhile; that goes on if it fails. */
  async last(asked: () => Promise<unknown>): Promise<void> {
    this.rest();
    try {
      await asked();
    } catch (error) {
      this.feed?.start();
      throw error;
    }
  }

  private rest(): void {
    this.feed?.rest();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private listen(from: number): void {
    this.feed = new Feed({
      url: (seq) => at(`${searchPath(this.id)}/events?from_seq=${seq}&pings=true`),
      poll: async (seq) => {
        const page = `${searchPath(this.id)}/events?format=json&from_seq=${seq}`;
        return (await request<{ items: SearchEvent[] }>(page)).items;
      },
      slot: new Slot(),
      from,
      deliver: (event) => this.take(event),
      connection: (state) => {
        this.connection.value = state;
        if (state === "reconnecting") this.soon("search", SOON_MS); // finds out whether a key is needed now
      },
    });
    document.addEventListener("visibilitychange", this.watch);
    this.feed.start();
  }

  /** A hidden page holds no connection: browsers allow few of them to one host. */
  private readonly watch = (): void => {
    if (document.visibilityState === "visible") this.feed?.start();
    else this.feed?.rest();
  };

  private take(event: SearchEvent): void {
    const { type, data } = event;
    const { front } = this.table;
    if (this.table.apply(event)) this.redraw();
    if (this.table.front !== front) this.soon("pareto", REFRESH_MS);
    if (type === "trial.told") this.soon("correlations", REFRESH_MS);
    if (type.startsWith("trial.") && type !== "trial.asked") this.touch(data["number"], event.seq);
    if (type === "search.note") this.note.value = String(data["text"]);
    if (type === "export.state") this.took(data);
    if (type === "export.progress")
      this.exporting.value = new Map(this.exporting.value).set(data["id"], data as Exporting);
    if (type === "search.phase") this.soon("pareto", REFRESH_MS); // the ranking is known after the repeats
    if (type === "references" || type === "finalists" || type === "artifact.added") this.soon("pareto", SOON_MS);
    if (type === "artifact.added" && typeof data["trial"] === "number") this.touch(data["trial"], event.seq);
    const search = this.search.value;
    if (!search || event.seq <= search.last_seq) return; // the search was loaded after this happened
    if (type === "search.state")
      this.search.value = {
        ...search,
        state: data["state"],
        state_reason: data["reason"] ?? null,
        state_message: data["message"] ?? null,
      };
    if (type === "search.phase") this.search.value = { ...search, phase: data["phase"], progress: null };
    if (type === "search.progress")
      this.search.value = { ...search, progress: { what: data["what"], done: data["done"], total: data["total"] } };
    const decided = type === "search.state" || type === "search.changed" || type === "search.facts";
    this.soon("search", decided ? SOON_MS : REFRESH_MS);
  }

  private took(data: Record<string, any>): void {
    if (data["compression"]) {
      this.compressions.value = new Map(this.compressions.value).set(data["id"], data["state"]);
      return;
    }
    const number = Number(String(data["trial"]).split(".").at(-1));
    this.exports.value = new Map(this.exports.value).set(number, data as Partial<Export>);
  }

  private touch(number: number, seq: number): void {
    this.touched.add(number);
    this.lastSeq = seq;
    this.redraw();
  }

  private lastSeq = 0;

  private redraw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.touched.size) {
        const next = new Map(this.changed.value);
        for (const number of this.touched) next.set(number, this.lastSeq);
        this.touched.clear();
        this.changed.value = next;
      }
      this.revision.value++;
    });
  }

  /** Load a part again after a while; one load for all that asked meanwhile. */
  private soon(what: Part, ms: number): void {
    if (this.timers.has(what) && ms >= REFRESH_MS) return;
    clearTimeout(this.timers.get(what));
    this.timers.set(
      what,
      window.setTimeout(() => {
        this.timers.delete(what);
        void this.refresh(what);
      }, ms),
    );
  }

  async refresh(what: Part): Promise<void> {
    const path = searchPath(this.id);
    try {
      if (what === "search") this.search.value = await request<Search>(path);
      else if (what === "pareto") this.takePareto(await request<Pareto>(`${path}/pareto`));
      else this.correlations.value = (await request<{ items: Correlation[] }>(`${path}/correlations`)).items;
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 404) this.problem.value = problem; // deleted meanwhile
    }
  }

  private takePareto(pareto: Pareto): void {
    this.references.value = pareto.references;
    this.finalists.value = pareto.finalists;
    this.baseline.value = pareto.baseline ?? null;
    this.ranking.value = pareto.ranking ?? null;
    this.hypervolume.value = pareto.hypervolume;
  }
}
