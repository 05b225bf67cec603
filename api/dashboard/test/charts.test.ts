import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finalist, ObjectiveFacts } from "../src/api";
import { fencedAxis, latencyAxis, place, ticks, type Axis } from "../src/charts/axis";
import { Placer, type Box } from "../src/charts/labels";
import { scene } from "../src/charts/scene";
import { TrialTable } from "../src/store/columns";
import { said } from "../src/charts/Stacks";

const linear = (low: number, high: number): Axis => ({ low, high, start: 0, end: 1, log: false });
const log = (low: number, high: number): Axis => ({ ...linear(low, high), log: true });

test("a latency axis holds all values in their order", () => {
  for (const values of [[0.3], [0.02, 0.03], [0.001, 1e4], [0.5, 0.1, 0.9, 0.4], [7, 7, 7]]) {
    const axis = latencyAxis(values, 10, 900);
    assert.equal(axis.log, Math.max(...values) / Math.min(...values) > 8);
    const places = [...values].sort((a, b) => a - b).map((value) => place(axis, value));
    assert.deepEqual(places, [...places].sort((a, b) => a - b));
    assert.ok(places[0]! >= 10 && places.at(-1)! <= 900);
    assert.ok(ticks(axis).length >= 2);
    assert.ok(ticks(axis).every((tick) => axis.low <= tick && tick <= axis.high));
  }
});

test("a fenced axis holds lines that go beyond its points", () => {
  const axis = fencedAxis([0.75, 0.82, 0.8], [0.82, 0.83, 0.7], 0, 1);
  assert.ok(axis.low < 0.7 && axis.high > 0.83);
});

test("ticks are round", () => {
  assert.deepEqual(ticks(linear(0.81, 0.93)), [0.82, 0.84, 0.86, 0.88, 0.9, 0.92]);
  assert.deepEqual(ticks(log(0.04, 2.1)), [0.05, 0.1, 0.2, 0.5, 1, 2]);
  assert.deepEqual(ticks(log(0.95, 8.1)), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("labels of close marks stay apart and inside", () => {
  const bounds: Box = { left: 0, top: 0, right: 600, bottom: 400 };
  const placer = new Placer(bounds, []);
  const boxes = Array.from({ length: 6 }, (_, i) => placer.place(300 + 3 * i, 200 - 2 * i, 80, 8));
  for (const [i, a] of boxes.entries()) {
    assert.ok(a.left >= 0 && a.top >= 0 && a.right <= 600 && a.bottom <= 400);
    for (const b of boxes.slice(i + 1))
      assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
  }
});

const objective = { name: "constrained", target_latency_ms: 0.1 } as ObjectiveFacts;

function drawn(extra: Partial<Parameters<typeof scene>[0]> = {}) {
  const table = new TrialTable();
  table.load({
    number: [0, 1, 2, 3],
    state: ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED"],
    latency_ms: [0.04, 0.08, 0.2, 0.1],
    accuracy: [0.8, 0.85, 0.9, null],
  });
  return scene({ table, references: [], finalists: [], target: 0.1, objective, ...extra }, 1000, 560);
}

test("the interval of a finalist's accuracy ends inside the plot", () => {
  const metrics = { latency_ms: 0.085, test_accuracy: 0.91, test_accuracy_low: 0.8, test_accuracy_high: 0.99 };
  const found = drawn({ finalists: [{ trial: 1, metrics } as Partial<Finalist> as Finalist] })!;
  const [below, above] = found.marks[0]!.along!;
  assert.ok(found.area.top <= above && above < found.marks[0]!.y && below <= found.area.bottom);
});

test("the plot marks every trial, finalist and reference", () => {
  const finalist = { trial: 1, metrics: { latency_ms: 0.085, test_accuracy: 0.91 } } as Partial<Finalist> as Finalist;
  const found = drawn({
    references: [
      { label: "MobileNetV2", notation: "", metrics: { latency_ms: 0.4, test_accuracy: 0.93 } },
      { label: "SqueezeNet", notation: "", metrics: { latency_ms: 0.3 } },
    ],
    finalists: [finalist],
  })!;
  assert.equal(found.dots.x.length, 3);
  assert.deepEqual(
    found.front.map((point) => point.trial),
    [0, 1, 2],
  );
  assert.deepEqual(
    found.marks.map((mark) => mark.kind),
    ["finalist", "reference", "tick"],
  );
  assert.ok(found.marks[0]!.from, "a finalist is joined with where the search saw it");
  assert.ok(found.x.log);
});

test("a narrow range of latencies is linear", () => assert.ok(!drawn()!.x.log));

test("objectives with a trade-off have curves of equal reward", () => {
  for (const [name, curves] of [["mnasnet", true], ["tunas", true], ["constrained", false]] as const) {
    const found = drawn({ objective: { ...objective, name, alpha: 0, beta: -1 } as ObjectiveFacts })!;
    assert.equal(found.iso.length > 0, curves, name);
  }
});

test("nothing is drawn while no latency is known", () => assert.equal(drawn({ table: new TrialTable() }), null));

test("a bar of bytes says what it shows", () => {
  const stage = { name: "trained_quantization", accuracy: 0.872, size_bytes: 12_400, sizes: { weights: 12_000, header: 400 } };
  assert.equal(
    said({ ...stage, parameters: {}, loss: null, seconds: 1 }).replaceAll("\u00a0", " "),
    "Trained quantization: 12.4 kB, of which weights 12.0 kB, header 400 B; accuracy 87.20 %",
  );
  assert.match(said({ ...stage, sizes: {}, parameters: {}, loss: null, seconds: 1 }), /12.4.kB; accuracy/);
});

test("reference networks of one curve are joined by latency, and have their intervals", () => {
  const row = (width: number, latency: number, accuracy: number) => ({
    label: `net width ${width}`,
    curve: "net",
    width,
    notation: "n",
    metrics: {
      latency_ms: latency,
      latency_error_ms: latency / 50,
      test_accuracy: accuracy,
      test_accuracy_low: accuracy - 0.01,
      test_accuracy_high: accuracy + 0.01,
    },
  });
  const single = { label: "other", notation: "n", metrics: { latency_ms: 0.3, test_accuracy: 0.9 } };
  const found = drawn({ references: [row(1, 0.2, 0.92), row(0.5, 0.1, 0.9), single, row(1.4, 0.3, 0.93)] })!;
  const [curve, ...others] = found.curves;
  assert.equal(others.length, 0);
  const at = (latency: number, accuracy: number) => [place(found.x, latency), place(found.y, accuracy)];
  assert.deepEqual(curve, [at(0.1, 0.9), at(0.2, 0.92), at(0.3, 0.93)]);
  assert.deepEqual(
    found.marks.map((mark) => mark.said),
    ["×1", "×0.5", "other", "net width 1.4"],
  );
  const [first, , alone] = found.marks;
  assert.deepEqual(first!.along, [place(found.y, 0.91), place(found.y, 0.93)]);
  assert.ok(first!.across![0] < first!.x && first!.x < first!.across![1]);
  assert.deepEqual([alone!.along, alone!.across], [null, null]);
});

/** Whether a line goes through a box, looked at from point to point. */
function crosses(line: readonly [number, number][], box: Box): boolean {
  return line.slice(1).some(([x2, y2], i) => {
    const [x1, y1] = line[i]!;
    return Array.from({ length: 101 }, (_, k) => [x1 + ((x2 - x1) * k) / 100, y1 + ((y2 - y1) * k) / 100] as const).some(
      ([x, y]) => box.left < x && x < box.right && box.top < y && y < box.bottom,
    );
  });
}

test("on a phone no label stands on a curve or on a sign", () => {
  const table = new TrialTable();
  const count = 24;
  table.load({
    number: Array.from({ length: count }, (_, i) => i),
    state: Array.from({ length: count }, () => "SUCCEEDED"),
    latency_ms: Array.from({ length: count }, (_, i) => 0.03 + 0.008 * i),
    accuracy: Array.from({ length: count }, (_, i) => 0.84 + 0.003 * i - 0.0001 * i * i),
  });
  const row = (width: number, latency_ms: number, test_accuracy: number) => ({
    label: `mobilenetv2 width ${width}`,
    curve: "mobilenetv2",
    width,
    notation: "",
    metrics: { latency_ms, test_accuracy },
  });
  const references = [row(0.35, 0.06, 0.83), row(0.5, 0.08, 0.85), row(0.75, 0.12, 0.865), row(1, 0.16, 0.875), row(1.4, 0.25, 0.882)];
  const finalists = [3, 9].map((trial) => ({ trial, metrics: { latency_ms: 0.04 + 0.008 * trial, test_accuracy: 0.87 + 0.001 * trial } }) as Partial<Finalist> as Finalist);
  for (const width of [340, 358, 520]) {
    const found = scene({ table, references, finalists, target: 0.15, objective }, width, 320)!;
    for (const { said, label, ...sign } of found.marks) {
      assert.ok(!crosses(found.curves[0]!, label!), `${said} stands on the curve at ${width} px`);
      for (const { x, y, said: other } of found.marks)
        assert.ok(x === sign.x || !(label!.left < x && x < label!.right && label!.top < y && y < label!.bottom), `${said} stands on ${other} at ${width} px`);
    }
  }
});
