import assert from "node:assert/strict";
import { test } from "node:test";
import { devicesIn, forEach, withDevices } from "../src/form/devices";
import type { Field } from "../src/form/schema";
import { TrialTable } from "../src/store/columns";

const AIM = { name: "constrained", target_latency_ms: 0.2 };

test("a target follows its device when others join and leave", () => {
  const two = withDevices({ seed: 1, device: "a", objective: AIM }, ["a", "b"]);
  assert.deepEqual(two, {
    seed: 1,
    devices: ["a", "b"],
    objective: { name: "constrained", target_latency_ms: { a: 0.2 } },
  });
  assert.deepEqual(devicesIn(two), ["a", "b"]);
  assert.deepEqual(withDevices(two, ["a"]), { seed: 1, device: "a", objective: AIM });
  assert.deepEqual(withDevices(two, ["b"]), { seed: 1, device: "b", objective: { name: "constrained" } });
  assert.deepEqual(withDevices({ objective: "pareto" }, ["a", "b"]), { objective: "pareto", devices: ["a", "b"] });
});

test("each of several devices has a field for its target", () => {
  const field = { name: "objective.target_latency_ms", path: ["objective", "target_latency_ms"], label: "Target" };
  const fields = [field as unknown as Field];
  assert.deepEqual(forEach(fields, ["a"]), fields);
  const each = forEach(fields, ["a", "b"]);
  assert.deepEqual(
    each.map(({ label, path, owner }) => [label, path.at(-1), owner]),
    [
      ["Target on a", "a", field.name],
      ["Target on b", "b", field.name],
    ],
  );
});

test("the front is that of the chosen device", () => {
  const table = new TrialTable();
  table.load({
    number: [0, 1],
    state: ["SUCCEEDED", "SUCCEEDED"],
    accuracy: [0.8, 0.9],
    latency_ms: [1, 2],
    "latency_ms@b": [9, 3],
  });
  assert.deepEqual(
    table.front.map((point) => point.trial),
    [0, 1],
  );
  table.measureBy("latency_ms@b");
  assert.deepEqual(
    table.front.map((point) => [point.trial, point.latency]),
    [[1, 3]],
  );
});
