import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metric } from "../src/api";
import { accuracyAxis, decimals, latencyAxis, place, thinned, ticks, valueAt } from "../src/charts/axis";
import { ago, count, duration, magnitude, milliseconds, percent, shown, significant, title } from "../src/format";

const plain = (text: string) => text.replaceAll("\u00a0", " ").replaceAll("\u202f", " ");

test("numbers keep three digits, whole numbers all of theirs", () => {
  assert.deepEqual(
    [0.04567, 999.6, 12345, -0.5, 0].map((value) => significant(value)),
    ["0.0457", "1000", "12345", "−0.500", "0"],
  );
  assert.deepEqual(
    [940, 12_400, 3.5e6, 1.82e9, 999_600].map((value) => plain(count(value))),
    ["940", "12.4 k", "3.50 M", "1.82 G", "1.00 M"],
  );
});

test("what is missing or no number is a dash", () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    assert.deepEqual([percent(value), milliseconds(value), duration(value), count(value)], ["–", "–", "–", "–"]);
  }
});

test("a metric is shown as the service declares it", () => {
  const metric = { name: "m", label: "m", heading: "m", unit: "", better: "lower", source: "network", style: "number" };
  const all = { ...metric, digits: 3, whole: false, shown: "tables", known_before_training: true, summary: "" } as Metric;
  const text = (changes: Partial<Metric>, value: number | null) => plain(shown({ ...all, ...changes }, value));
  assert.equal(text({ style: "percent", digits: 2 }, 0.92314), "92.31 %");
  assert.equal(text({ unit: "ms" }, 0.12345), "0.123 ms");
  assert.equal(text({ style: "prefixed" }, 61_706), "61.7 k");
  assert.equal(text({ style: "prefixed", unit: "B" }, 246_824), "247 kB");
  assert.equal(text({ style: "prefixed", unit: "B" }, 940), "940 B");
  assert.equal(text({ style: "duration" }, 83), "1 min 23 s");
  assert.equal(text({ whole: true }, 12_000), "12 000");
  assert.equal(text({ unit: "ms" }, null), "–");
});

test("times read as people say them", () => {
  assert.deepEqual(
    [12, 312, 11_220].map((value) => plain(duration(value))),
    ["12 s", "5 min 12 s", "3 h 07 min"],
  );
  const now = Date.parse("2026-11-24T12:00:00Z");
  assert.equal(ago("2026-11-24T11:20:00Z", now), "40 min ago");
  assert.equal(ago("2026-01-02T00:00:00Z", now), "2026-01-02");
});

test("large sizes keep their magnitude, names their units", () => {
  assert.equal(plain(magnitude("2739884324562312")), "2.7 × 10¹⁵");
  assert.equal(plain(magnitude("38880")), "38 880");
  assert.equal(title("target_latency_ms"), "Target latency (ms)");
});

test("where ticks are too near each other the powers of ten stay", () => {
  const axis = { low: 0.018, high: 0.2, start: 0, end: 300, log: true };

  const kept = thinned(axis, ticks(axis), 32);

  assert.ok(kept.includes(0.1));
  assert.ok(!kept.includes(0.09));
  assert.deepEqual(kept, [...kept].sort((a, b) => a - b));
  kept.slice(1).forEach((tick, i) => assert.ok(place(axis, tick) - place(axis, kept[i]!) >= 32));
});

test("axes invert, hold their values and have readable ticks", () => {
  for (const values of [[0.03, 0.05, 0.09], [0.01, 0.2, 4], [1], [2, 2]]) {
    const axis = latencyAxis(values, 50, 900);
    for (const value of values) {
      assert.ok(place(axis, value) > 50 && place(axis, value) < 900);
      assert.ok(Math.abs(valueAt(axis, place(axis, value)) - value) < 1e-9);
    }
    assert.ok(ticks(axis).length >= 2);
  }
});

test("one bad accuracy does not squeeze the others, an important one is in sight", () => {
  const values = [0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.1];
  assert.ok(accuracyAxis(values, [], 400, 0).low > 0.5);
  assert.ok(accuracyAxis(values, [0.1], 400, 0).low < 0.1);
  assert.equal(decimals([0.25, 0.5]), 2);
});
