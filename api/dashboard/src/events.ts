// A search's events over SSE: each once, in order, whatever happens to the connection.
import type { SearchEvent } from "./api";
import type { Slot } from "./slot";

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
  "trial.rung",
  "trial.promoted",
  "trial.started",
  "trial.lost",
  "trial.epoch",
  "artifact.added",
  "references",
  "finalists",
  "export.state",
  "export.progress",
] as const;

/** held: nothing comes through, as behind a proxy that collects answers. crowded: other tabs have the connections. */
export type Connection = "connecting" | "live" | "reconnecting" | "resting" | "held" | "crowded";

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
  /** Asks for the events after one, while none come by themselves. The stream then has to have pings. */
  poll?: (from: number) => Promise<SearchEvent[]>;
  slot?: Pick<Slot, "take" | "release">;
  /** Calls back again and again; returns how to end that. */
  every?: (callback: () => void, ms: number) => () => void;
  now?: () => number;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const POLL_MS = 5_000;
/** The service sends a ping every 15 s: two have not come. */
const SILENT_MS = 35_000;
const TRY_AGAIN_MS = 60_000;

const repeated = (callback: () => void, ms: number) => {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
};

export class Feed {
  /** The last event delivered. */
  seq: number;
  private source: Source | null = null;
  private failures = 0;
  private run = 0;
  private state: Connection = "resting";
  private held = false;
  private polling = false;
  private heard = 0;
  private opened = 0;
  private endTicks: (() => void) | null = null;

  constructor(private readonly options: FeedOptions) {
    this.seq = options.from;
  }

  start(): void {
    if (this.source) return;
    if (!this.endTicks) {
      this.heard = this.now();
      if (this.options.poll) this.endTicks = (this.options.every ?? repeated)(() => this.tick(), POLL_MS);
    }
    if (this.options.slot?.take() === false) this.leave("crowded");
    else this.open();
  }

  /** Close the connection; start continues after the last event. */
  rest(): void {
    this.endTicks?.();
    this.endTicks = null;
    this.options.slot?.release();
    this.leave("resting");
  }

  private leave(state: Connection): void {
    this.run++;
    this.source?.close();
    this.source = null;
    this.say(state);
  }

  private say(state: Connection): void {
    this.state = state;
    this.options.connection(state);
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private open(): void {
    const run = ++this.run;
    this.opened = this.now();
    this.say(this.held ? "held" : this.failures ? "reconnecting" : "connecting");
    const open = this.options.open ?? ((url) => new EventSource(url));
    const source = open(this.options.url(this.seq));
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      if (!this.held) this.say("live");
    };
    source.onerror = () => {
      if (run === this.run) this.retry(run);
    };
    for (const type of [...EVENT_TYPES, "ping"])
      source.addEventListener(type, (message) => {
        if (run !== this.run) return;
        this.heard = this.now();
        if (this.held) this.say("live");
        this.held = false;
        if (type !== "ping") this.receive(JSON.parse(message.data) as SearchEvent);
      });
  }

  /** Ask where nothing comes by itself, and try now and then whether it does again. */
  private tick(): void {
    if (this.options.slot?.take() === false) {
      this.leave("crowded");
      void this.poll();
    } else if (this.state === "crowded") {
      this.heard = this.now();
      this.open();
    } else if (this.silent) {
      if (this.held && this.source && this.now() - this.opened >= TRY_AGAIN_MS) {
        this.source.close();
        this.open();
      }
      void this.poll();
    }
  }

  private get silent(): boolean {
    return this.now() - this.heard >= SILENT_MS;
  }

  private async poll(): Promise<void> {
    if (this.polling || !this.options.poll) return;
    this.polling = true;
    const run = this.run;
    try {
      const events = await this.options.poll(this.seq);
      if (run !== this.run) return;
      for (const event of events) this.receive(event);
      if (this.state === "crowded" || !this.silent) return;
      this.held = true; // the service answers, and its stream is silent
      this.say("held");
    } catch {
      // asked again at the next tick
    } finally {
      this.polling = false;
    }
  }

  private receive(event: SearchEvent): void {
    if (event.seq <= this.seq) return; // sent again after a reconnection
    this.seq = event.seq;
    this.options.deliver(event);
  }

  /** Connections are reopened here, not by the browser, which gives up for good after an answer such as 502. */
  private retry(run: number): void {
    this.source?.close();
    this.source = null;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures++, LONGEST_WAIT_MS);
    this.say("reconnecting");
    (this.options.wait ?? setTimeout)(() => run === this.run && this.start(), wait);
  }
}
