import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, type Connection, type Source } from "../src/events";

class FakeSource implements Source {
  onopen: ((event: any) => unknown) | null = null;
  onerror: ((event: any) => unknown) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  constructor(readonly url: string) {}
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  send(seq: number, type = "trial.told"): void {
    this.listeners.get(type)?.({ data: JSON.stringify({ seq, type, at: "", data: {} }) } as MessageEvent<string>);
  }
}

function feed(from: number) {
  const sources: FakeSource[] = [];
  const seen: number[] = [];
  const states: Connection[] = [];
  const timers: (() => void)[] = [];
  const found = new Feed({
    url: (seq) => `events?from_seq=${seq}`,
    from,
    deliver: (event) => seen.push(event.seq),
    connection: (state) => states.push(state),
    open: (url) => (sources.push(new FakeSource(url)), sources.at(-1)!),
    wait: (callback) => timers.push(callback),
  });
  return { feed: found, sources, seen, states, timers };
}

test("after a cut it goes on behind the last event, and what is sent again is not seen again", () => {
  const { feed: one, sources, seen, states, timers } = feed(3);
  one.start();
  sources[0]!.onopen?.({});
  for (const seq of [4, 5]) sources[0]!.send(seq);
  sources[0]!.onerror?.({});
  assert.equal(sources[0]!.closed, true);
  timers.shift()!();
  assert.equal(sources[1]!.url, "events?from_seq=5");
  sources[1]!.onopen?.({});
  for (const seq of [4, 5, 6]) sources[1]!.send(seq);
  assert.deepEqual(seen, [4, 5, 6]);
  assert.deepEqual(states, ["connecting", "live", "reconnecting", "reconnecting", "live"]);
});

test("a feed at rest opens nothing until it is started, and hears no old source", () => {
  const { feed: one, sources, seen, timers } = feed(0);
  one.start();
  sources[0]!.onerror?.({});
  one.rest();
  timers.shift()!();
  assert.equal(sources.length, 1);
  one.start();
  sources[0]!.send(1);
  assert.deepEqual(seen, []);
  sources[1]!.send(1);
  assert.deepEqual(seen, [1]);
});
