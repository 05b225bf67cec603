import assert from "node:assert/strict";
import { test } from "node:test";
import { extended, frontOf, step, type Point } from "../src/store/front";
import { accuracyFor } from "../src/store/reward";

/** A fixed pseudo-random sequence in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test("growing the front point by point gives that of all points", () => {
  for (let seed = 1; seed < 30; seed++) {
    const next = random(seed);
    const coarse = () => Math.ceil(next() * 12) / 12; // coarse, so that there are ties
    const points: Point[] = Array.from({ length: 60 }, (_, trial) => ({
      trial,
      latency: coarse(),
      accuracy: coarse(),
    }));
    const grown = points.reduce<readonly Point[]>((front, point) => extended(front, point), []);
    assert.deepEqual(grown, frontOf(points));
  }
});

test("nothing covers a member of the front", () => {
  const next = random(7);
  const points = Array.from({ length: 200 }, (_, trial) => ({ trial, latency: next(), accuracy: next() }));
  for (const member of frontOf(points)) {
    assert.ok(
      !points.some((other) => other !== member && other.latency <= member.latency && other.accuracy >= member.accuracy),
    );
  }
});

test("the step line goes right, then up", () => {
  assert.deepEqual(
    step(
      [
        [1, 5],
        [3, 2],
      ],
      9,
    ),
    [
      [1, 5],
      [3, 5],
      [3, 2],
      [9, 2],
    ],
  );
  assert.deepEqual(step([], 9), []);
});

test("accuracies on a curve earn its reward", () => {
  const facts = { name: "mnasnet", alpha: 0, beta: -1 };
  const accuracy = accuracyFor(facts, 2)!;
  for (const latency of [1, 2, 4]) {
    const reward = accuracy(0.7, latency) * (latency / 2) ** (latency <= 2 ? 0 : -1);
    assert.ok(Math.abs(reward - 0.7) < 1e-12);
  }
  const tunas = accuracyFor({ name: "tunas", beta: -0.1 }, 2)!;
  assert.ok(Math.abs(tunas(0.7, 3) - 0.1 * 0.5 - 0.7) < 1e-12);
  assert.equal(accuracyFor({ name: "constrained" }, 2), null);
  assert.equal(accuracyFor(facts, null), null);
});
