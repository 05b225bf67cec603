// A search's events over SSE: each once, in order, whatever happens to the connection.
import type { SearchEvent } from "./api";

export const EVENT_TYPES = [
  "search.created",
  "search.state",
  "search.phase",
  "search.progress",
  "search.note",
  "search.changed",
  "search.facts",
  "trial.asked",
  "candidates.refused",
  "trial.told",
  "trial.started",
  "trial.lost",
  "trial.epoch",
  "artifact.added",
  "references",
  "finalists",
  "export.state",
] as const;

export type Connection = "connecting" | "live" | "reconnecting" | "resting";

/** What of an EventSource is used. */
export interface Source {
  onopen: ((event: any) => unknown) | null;
  onerror: ((event: any) => unknown) | null;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface FeedOptions {
  url: (from: number) => string;
  from: number;
  deliver: (event: SearchEvent) => void;
  connection: (state: Connection) => void;
  open?: (url: string) => Source;
  wait?: (callback: () => void, ms: number) => unknown;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export class Feed {
  /** The last event delivered. */
  seq: number;
  private source: Source | null = null;
  private failures = 0;
  private run = 0;

  constructor(private readonly options: FeedOptions) {
    this.seq = options.from;
  }

  start(): void {
    if (this.source) return;
    const run = ++this.run;
    this.options.connection(this.failures ? "reconnecting" : "connecting");
    const open = this.options.open ?? ((url) => new EventSource(url));
    const source = open(this.options.url(this.seq));
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.options.connection("live");
    };
    source.onerror = () => {
      if (run === this.run) this.retry(run);
    };
    for (const type of EVENT_TYPES)
      source.addEventListener(type, (message) => run === this.run && this.receive(message.data));
  }

  /** Close the connection; start continues after the last event. */
  rest(): void {
    this.run++;
    this.source?.close();
    this.source = null;
    this.options.connection("resting");
  }

  private receive(text: string): void {
    const event = JSON.parse(text) as SearchEvent;
    if (event.seq <= this.seq) return; // sent again after a reconnection
    this.seq = event.seq;
    this.options.deliver(event);
  }

  /** Connections are reopened here, not by the browser, which gives up for good after an answer such as 502. */
  private retry(run: number): void {
    this.source?.close();
    this.source = null;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures++, LONGEST_WAIT_MS);
    this.options.connection("reconnecting");
    (this.options.wait ?? setTimeout)(() => run === this.run && this.start(), wait);
  }
}
