import assert from "node:assert/strict";
import { test } from "node:test";
import { Slot } from "../src/slot";
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

/** A feed that asks where nothing comes, with hands on its clock and its answers. */
function watched(slot = { take: () => true, release: () => {} }) {
  const found = { sources: [] as FakeSource[], seen: [] as number[], states: [] as Connection[], asked: [] as number[] };
  let now = 0;
  let tick = () => {};
  const feed = new Feed({
    url: String,
    from: 0,
    deliver: (event) => found.seen.push(event.seq),
    connection: (state) => found.states.push(state),
    open: (url) => (found.sources.push(new FakeSource(url)), found.sources.at(-1)!),
    poll: async (from) => {
      found.asked.push(from);
      return [{ seq: from + 1, type: "trial.told", at: "", data: {} }];
    },
    slot,
    every: (callback) => ((tick = callback), () => {}),
    now: () => now,
  });
  const pass = async (seconds: number) => {
    for (let left = seconds; left > 0; left -= 5) {
      now += 5000;
      tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { ...found, feed, pass };
}

test("where two pings have not come it asks, says so, and goes back to the stream when that lives", async () => {
  const { feed: one, sources, seen, states, asked, pass } = watched();
  one.start();
  sources[0]!.onopen?.({});
  await pass(30);
  assert.deepEqual(asked, []);
  await pass(10);
  assert.deepEqual(seen, [1, 2]);
  assert.equal(states.at(-1), "held");
  await pass(30);
  assert.equal(sources.length, 2);
  sources[1]!.onopen?.({});
  assert.equal(states.at(-1), "held");
  const before = asked.length;
  sources[1]!.send(0, "ping");
  assert.equal(states.at(-1), "live");
  await pass(30);
  assert.equal(asked.length, before);
  sources[1]!.send(seen.length);
  sources[1]!.send(seen.length + 1);
  assert.deepEqual(seen, Array.from(seen, (_, at) => at + 1));
});

test("a stream that lives is not asked beside", async () => {
  const { feed: one, sources, asked, pass } = watched();
  one.start();
  for (let pings = 0; pings < 8; pings++) {
    sources[0]!.send(0, "ping");
    await pass(15);
  }
  assert.deepEqual(asked, []);
  assert.equal(sources.length, 1);
});

test("three tabs have a connection, the others ask until one is free", async () => {
  const kept = new Map<string, string>();
  const store = () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  const tabs = Array.from({ length: 7 }, () => watched(new Slot(store, () => 0)));
  for (const tab of tabs) tab.feed.start();
  for (const tab of tabs) await tab.pass(5);
  assert.deepEqual(
    tabs.map((tab) => tab.sources.length),
    [1, 1, 1, 0, 0, 0, 0],
  );
  assert.equal(tabs[6]!.states.at(-1), "crowded");
  assert.deepEqual(tabs[6]!.seen, [1]);
  tabs[0]!.feed.rest();
  await tabs[6]!.pass(5);
  assert.equal(tabs[6]!.states.at(-1), "connecting");
  assert.equal(tabs[6]!.sources[0]!.url, "1");
});

test("a tab that crashed keeps no connection", () => {
  const kept = new Map<string, string>();
  let now = 0;
  const store = () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  const slots = Array.from({ length: 4 }, () => new Slot(store, () => now));
  assert.deepEqual(slots.map((slot) => slot.take()), [true, true, true, false]);
  now = 20_000;
  assert.equal(slots[3]!.take(), true);
});
