// The trials of a search as parallel lists: loaded once, then kept up to date by events.
import type { SearchEvent, TrialState } from "../api";
import { finite } from "../format";
import { LATENCY } from "./devices";
import { extended, FRONT, frontOf, type Point } from "./front";

type Values = (number | null)[];

interface Fixed {
  number: number[];
  state: TrialState[];
  reward: Values;
  reused: boolean[];
  started_at: Values;
  ended_at: Values;
}

/** metrics: values by the name of a metric. */
export interface Columns extends Fixed {
  metrics: Record<string, Values>;
}

const fixed = (): Fixed => ({ number: [], state: [], reward: [], reused: [], started_at: [], ended_at: [] });
const empty = (names: readonly string[]): Columns => ({
  ...fixed(),
  metrics: Object.fromEntries(names.map((name) => [name, []])),
});

/** What to ask the API for: what is drawn, and nothing more. */
export const columnsQuery = (metrics: readonly string[]): string =>
  [...Object.keys(fixed()), ...metrics].map((name) => `column=${name}`).join("&");

/** A trial's value of a metric; null where it has none. */
export const valueOf = (columns: Columns, metric: string, row: number): number | null =>
  finite(columns.metrics[metric]?.[row]);

export interface TrialResult {
  number: number;
  state: string;
  reward: number | null;
  metrics: Record<string, unknown>;
  reused?: boolean;
}

export class TrialTable {
  columns = empty(FRONT);
  front: readonly Point[] = [];
  /** The metric that is the latency of points: that on the chosen device. */
  latency = LATENCY;
  private readonly rows = new Map<number, number>();
  /** Last epoch reported by trials that run. */
  readonly epochs = new Map<number, { epoch: number; metrics: Record<string, number> }>();

  /** Take the API's columns, and keep those that it gave up to date from then on. */
  load(given: Readonly<Record<string, unknown[]>>): void {
    const names = Object.keys(given).filter((name) => !(name in fixed()));
    const metrics = Object.fromEntries(names.map((name) => [name, given[name] as Values]));
    const own = Object.fromEntries(Object.keys(fixed()).map((name) => [name, given[name] ?? []]));
    this.columns = { ...fixed(), ...own, metrics };
    this.rows.clear();
    this.columns.number.forEach((number, row) => this.rows.set(number, row));
    this.measureBy(this.latency);
  }

  /** Points and their front by this latency from here on. */
  measureBy(latency: string): void {
    this.latency = latency;
    const points = this.columns.number.map((_, row) => this.point(row)).filter((point) => point !== null);
    this.front = frontOf(points);
  }

  get length(): number {
    return this.columns.number.length;
  }

  row(trial: number): number | undefined {
    return this.rows.get(trial);
  }

  /** Where the row is drawn; null if it did not end well or something was not measured. */
  point(row: number): Point | null {
    const { number, state } = this.columns;
    const [latency, accuracy] = [valueOf(this.columns, this.latency, row), valueOf(this.columns, "accuracy", row)];
    if (state[row] !== "SUCCEEDED" || latency === null || accuracy === null || latency <= 0) return null;
    return { trial: number[row]!, latency, accuracy };
  }

  /** Bring the event into the table; whether anything changed. Applying one twice changes nothing more. */
  apply(event: SearchEvent): boolean {
    const at = Date.parse(event.at) / 1000;
    const { data } = event;
    switch (event.type) {
      case "trial.asked":
        return this.asked(data["lines"] ?? []);
      case "trial.started":
        return this.set(data["number"], { state: "RUNNING", started_at: at });
      case "trial.lost":
        return this.set(data["number"], { state: "QUEUED", started_at: null });
      case "trial.told":
        return this.finish(data as unknown as TrialResult & { lines?: any[] }, at);
      case "trial.rung":
        return this.set(data["number"], { state: "QUEUED" });
      case "trial.promoted":
        return this.set(data["number"], { state: "QUEUED", reward: null, ended_at: null });
      case "trial.epoch":
        this.epochs.set(data["number"], { epoch: data["epoch"], metrics: data["metrics"] ?? {} });
        return true;
      case "search.state":
        return this.settle(String(data["state"]));
      default:
        return false;
    }
  }

  /** A search that rests has no trial running; one that has ended has none open. */
  private settle(state: string): boolean {
    const rests = state === "PAUSED" || state === "QUEUED";
    if (!rests && !["CANCELLED", "SUCCEEDED", "FAILED"].includes(state)) return false;
    const states = this.columns.state;
    states.forEach((each, row) => {
      if (each === "RUNNING" || each === "QUEUED") states[row] = rests ? "QUEUED" : "CANCELLED";
    });
    return true;
  }

  private asked(lines: any[]): boolean {
    for (const line of lines) {
      if (line.event === "asked") this.add(line.trial, line.metrics ?? {});
    }
    return lines.length > 0;
  }

  private finish(result: TrialResult & { lines?: any[] }, at: number): boolean {
    if (!this.rows.has(result.number)) this.add(result.number, {});
    const row = this.rows.get(result.number)!;
    this.measure(row, result.metrics ?? {});
    const state = result.state.toUpperCase() as TrialState;
    this.set(result.number, { state, reward: finite(result.reward), reused: Boolean(result.reused), ended_at: at });
    this.epochs.delete(result.number);
    const point = this.point(row);
    if (point) this.front = extended(this.front, point);
    return true;
  }

  private add(number: number, metrics: Record<string, unknown>): void {
    if (this.rows.has(number)) return;
    const row = this.columns.number.push(number) - 1;
    this.rows.set(number, row);
    const blank = {
      state: "QUEUED",
      reward: null,
      reused: false,
      started_at: null,
      ended_at: null,
    };
    this.set(number, blank as Partial<Record<keyof Fixed, any>>);
    for (const values of Object.values(this.columns.metrics)) values[row] = null;
    this.measure(row, metrics);
  }

  private measure(row: number, metrics: Record<string, unknown>): void {
    for (const [name, values] of Object.entries(this.columns.metrics)) {
      const value = finite(metrics[name]);
      if (value !== null) values[row] = value;
    }
  }

  private set(number: number, values: { [K in keyof Fixed]?: Fixed[K][number] }): boolean {
    const row = this.rows.get(number);
    if (row === undefined) return false;
    for (const [name, value] of Object.entries(values)) (this.columns[name as keyof Fixed] as unknown[])[row] = value;
    return true;
  }
}

/** The row of the succeeded trial of the highest reward, the earliest of equals; -1 if there is none. */
export function bestRow({ reward, state }: Columns): number {
  let [best, most] = [-1, -Infinity];
  reward.forEach((given, row) => {
    const value = state[row] === "SUCCEEDED" ? finite(given) : null;
    if (value !== null && value > most) [best, most] = [row, value];
  });
  return best;
}

/** Rewards in the order in which trials ended, and the best so far at each: the data of the progress chart. */
export function progress(columns: Columns): { trial: number[]; reward: number[]; best: number[] } {
  const rows = columns.number
    .map((_, row) => row)
    .filter((row) => finite(columns.reward[row]) !== null && columns.state[row] === "SUCCEEDED");
  rows.sort((a, b) => columns.number[a]! - columns.number[b]!);
  let best = -Infinity;
  const found = { trial: [] as number[], reward: [] as number[], best: [] as number[] };
  for (const row of rows) {
    best = Math.max(best, columns.reward[row]!);
    found.trial.push(columns.number[row]!);
    found.reward.push(columns.reward[row]!);
    found.best.push(best);
  }
  return found;
}

/** How many trials are in which state. */
export function tally(columns: Columns) {
  const found = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
  for (const state of columns.state) found[state.toLowerCase() as "queued"]++;
  return { ...found, ended: found.succeeded + found.failed + found.cancelled };
}
