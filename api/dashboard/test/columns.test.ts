import assert from "node:assert/strict";
import { test } from "node:test";
import type { SearchEvent } from "../src/api";
import { columnsQuery, TrialTable, progress, tally, valueOf } from "../src/store/columns";
import { ordered } from "../src/store/order";

let seq = 0;
const event = (type: string, data: Record<string, unknown>): SearchEvent => ({
  seq: ++seq,
  type,
  at: "2026-11-23T20:00:10Z",
  data,
});
const asked = (trial: number, latency: number) =>
  event("trial.asked", {
    lines: [{ event: "asked", trial, architecture_id: `a${trial}`, metrics: { latency_ms: latency } }],
  });
const told = (number: number, accuracy: number | null, state = "SUCCEEDED") =>
  event("trial.told", {
    number,
    state,
    reward: accuracy,
    metrics: accuracy === null ? {} : { accuracy },
    on_front: true,
    reused: false,
  });

function table(...events: SearchEvent[]): TrialTable {
  const found = new TrialTable();
  for (const each of events) found.apply(each);
  return found;
}

test("a trial goes from asked to told, and the latency it was asked with stays", () => {
  const found = table(asked(0, 0.5), event("trial.started", { number: 0, attempt: 1, worker: "w" }));
  assert.equal(found.columns.state[0], "RUNNING");
  found.apply(told(0, 0.8));
  assert.deepEqual(found.point(0), { trial: 0, latency: 0.5, accuracy: 0.8 });
  assert.equal(found.columns.ended_at[0], Date.parse("2026-11-23T20:00:10Z") / 1000);
});

test("events applied twice leave what they left once", () => {
  const events = [asked(0, 0.5), asked(1, 0.7), told(0, 0.8), told(1, 0.9)];
  assert.deepEqual(table(...events, ...events).columns.metrics, table(...events).columns.metrics);
  assert.deepEqual(table(...events, ...events).front, table(...events).front);
});

test("the front loses what a better trial covers, and equals that of a fresh load", () => {
  const found = table(asked(0, 0.5), asked(1, 0.4), asked(2, 0.6), told(0, 0.8), told(1, 0.85), told(2, 0.9));
  assert.deepEqual(
    found.front.map((point) => point.trial),
    [1, 2],
  );
  const again = new TrialTable();
  const { metrics, ...others } = found.columns;
  again.load({ ...others, ...metrics });
  assert.deepEqual(again.front, found.front);
});

test("a lost trial waits again; a failed one has no point", () => {
  const found = table(asked(0, 0.5), event("trial.started", { number: 0 }), event("trial.lost", { number: 0 }));
  assert.equal(found.columns.state[0], "QUEUED");
  found.apply(told(0, null, "failed"));
  assert.equal(found.columns.state[0], "FAILED");
  assert.equal(found.point(0), null);
});

test("when the search rests its trials wait, when it ends the open ones are cancelled", () => {
  const found = table(asked(0, 0.5), asked(1, 0.5), told(0, 0.8), event("trial.started", { number: 1 }));
  found.apply(event("search.state", { state: "PAUSED" }));
  assert.deepEqual(found.columns.state, ["SUCCEEDED", "QUEUED"]);
  found.apply(event("search.state", { state: "CANCELLED" }));
  assert.deepEqual(found.columns.state, ["SUCCEEDED", "CANCELLED"]);
});

test("refused candidates are no trials", () => {
  const found = table(event("candidates.refused", { lines: [{ event: "refused", trial: 0, metrics: {} }] }));
  assert.equal(found.length, 0);
});

test("metrics that the service lists are kept up to date, others are not", () => {
  const found = new TrialTable();
  found.load({ number: [0], state: ["QUEUED"], latency_ms: [0.5], energy_uj: [3.5] });
  found.apply(
    event("trial.asked", {
      lines: [{ event: "asked", trial: 1, metrics: { latency_ms: 1, energy_uj: 2.5, loss: 7 } }],
    }),
  );
  assert.deepEqual(found.columns.metrics, { latency_ms: [0.5, 1], energy_uj: [3.5, 2.5] });
  assert.equal(valueOf(found.columns, "energy_uj", 1), 2.5);
  assert.equal(valueOf(found.columns, "loss", 1), null);
  assert.deepEqual(ordered(found.columns, "energy_uj", false, "all", new Set()), [1, 0]);
  assert.ok(columnsQuery(["energy_uj"]).endsWith("&column=energy_uj"));
});

test("progress is the running best; the tally counts by state", () => {
  const found = table(asked(0, 1), asked(1, 1), asked(2, 1), told(0, 0.5), told(1, 0.4), told(2, null, "FAILED"));
  assert.deepEqual(progress(found.columns).best, [0.5, 0.5]);
  assert.equal(tally(found.columns).failed, 1);
  assert.equal(tally(found.columns).ended, 3);
});

test("rows without a value come last in both directions", () => {
  const found = table(asked(0, 1), asked(1, 1), asked(2, 1), told(0, 0.5), told(2, 0.9));
  const front = new Set(found.front.map((point) => point.trial));
  assert.deepEqual(ordered(found.columns, "accuracy", true, "all", front), [2, 0, 1]);
  assert.deepEqual(ordered(found.columns, "accuracy", false, "all", front), [0, 2, 1]);
  assert.deepEqual(ordered(found.columns, "number", false, "front", front), [2]);
});
