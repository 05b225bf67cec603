import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyAt, placeOf, rangeOf, STEPS } from "../src/store/slider";

test("the slider goes from below the fastest to beyond the slowest network, and holds the target", () => {
  assert.deepEqual(rangeOf([2, null, 4, 0], 3), [1.8, 4.4]);
  assert.deepEqual(rangeOf([2, 4], 10), [1.8, 10]);
  assert.deepEqual(rangeOf([2, 4], 0.5), [0.5, 4.4]);
  assert.equal(rangeOf([null, undefined], 3), null);
});

test("places rise by equal factors and lead back to their latencies", () => {
  const range = [0.5, 8] as const;
  assert.equal(placeOf(range, 0.5), 0);
  assert.equal(placeOf(range, 8), STEPS);
  assert.equal(placeOf(range, 2), STEPS / 2);
  for (const place of [0, 1, 133, STEPS]) assert.equal(placeOf(range, latencyAt(range, place)), place);
});
