import assert from "node:assert/strict";
import { test } from "node:test";
import { byField, fault, knownSpace, parsed, pluginName, typed, valueAt, withName, withPlugin, withValue } from "../src/form/draft";
import type { Draft } from "../src/form/draft";
import { fieldsOf, namesOf, spaceChanges, variantsOf, type Schema } from "../src/form/schema";

const variant = (name: string, properties: Record<string, Schema>, required: string[] = []): Schema => ({
  title: name,
  description: `about ${name}`,
  type: "object",
  properties: { name: { const: name }, ...properties },
  required: ["name", ...required],
});
const SIDE: Schema = { type: "integer", minimum: 1 };
const CHANGED: Schema = {
  type: "object",
  properties: {
    name: { enum: ["small", "mobile"] },
    resolution: { anyOf: [SIDE, { type: "array", items: SIDE }] },
    head: { type: "integer", default: 0 },
    channels: { type: "integer", default: 3 },
  },
  required: ["name"],
};
const ROOT: Schema = {
  $defs: { Finalists: { properties: { count: { type: "integer", default: 3, minimum: 0, maximum: 100 } } } },
  properties: {
    dataset: { oneOf: [variant("mini", {}), variant("folder", { path: { type: "string" } }, ["path"])] },
    objective: {
      oneOf: [
        variant("constrained", { target_latency_ms: { type: "number", exclusiveMinimum: 0 } }),
        variant("mnasnet", {
          target_latency_ms: { type: "number" },
          beta: { type: "number", maximum: 0, default: -0.07, title: "Objective: beta", when: "rarely" },
        }),
      ],
    },
    space: { anyOf: [{ enum: ["small", "mobile"] }, CHANGED, { type: "object" }] },
    device: { type: "string", examples: ["local-cpu-1t"] },
    finalists: { $ref: "#/$defs/Finalists" },
    limit: { anyOf: [{ type: "integer", exclusiveMinimum: 0 }, { type: "null" }], default: null },
    optimizer: { enum: ["sgd", "adamw"], type: "string", default: "sgd" },
  },
};

test("fields know their kind, limits, default and whether they are needed", () => {
  const fields = new Map(fieldsOf(ROOT, [], ROOT).map((field) => [field.name, field]));
  assert.equal(fields.get("finalists.count")?.limits, "at least 0, at most 100");
  assert.equal(fields.get("finalists.count")?.fallback, 3);
  assert.equal(fields.get("finalists.count")?.label, "Finalists: count");
  assert.deepEqual([fields.get("limit")?.kind, fields.get("limit")?.range.exclusiveMinimum], ["integer", 0]);
  assert.deepEqual([fields.get("optimizer")?.kind, fields.get("optimizer")?.options], ["choice", ["sgd", "adamw"]]);
  const [mini, folder] = variantsOf(ROOT, "dataset");
  assert.deepEqual(mini?.fields, []);
  assert.equal(folder?.fields[0]?.required, true);
  assert.equal(folder?.fields[0]?.name, "dataset.path");
  const beta = variantsOf(ROOT, "objective")[1]?.fields[1];
  assert.deepEqual([beta?.label, beta?.when], ["Objective: beta", "rarely"]);
  assert.deepEqual([namesOf(ROOT, "space"), namesOf(ROOT, "device")], [["small", "mobile"], ["local-cpu-1t"]]);
});

test("a known space has its name, whatever is changed of it", () => {
  const spaces = namesOf(ROOT, "space");
  assert.equal(knownSpace({}, spaces), "small");
  assert.equal(knownSpace({ space: "mobile" }, spaces), "mobile");
  assert.equal(knownSpace({ space: { name: "mobile", resolution: 96 } }, spaces), "mobile");
  assert.equal(knownSpace({ space: { name: "mobile", stages: [] } }, spaces), null);
  assert.equal(knownSpace({ space: { name: "mine", resolution: 96 } }, spaces), null);
});

test("what may be changed of a known space has no default but the space's own", () => {
  const [resolution, head, ...more] = spaceChanges(ROOT);
  assert.deepEqual([resolution?.name, resolution?.kind, head?.name, head?.fallback], ["space.resolution", "numbers", "space.head", undefined]);
  assert.deepEqual(more, []);
  assert.deepEqual([typed(resolution!, "96"), typed(resolution!, "[96, 128]"), typed(resolution!, "")], [96, [96, 128], undefined]);
  const changed = withName(withValue({ space: "mobile" }, resolution!.path, 96), "space", "mobile");
  assert.deepEqual(changed, { space: { name: "mobile", resolution: 96 } });
});

test("setting and clearing a value keeps the rest, and leaves no empty object", () => {
  const draft = withValue({ seed: 1 }, ["finalists", "count"], 2);
  assert.deepEqual(draft, { seed: 1, finalists: { count: 2 } });
  assert.equal(valueAt(draft, ["finalists", "count"]), 2);
  assert.deepEqual(withValue(draft, ["finalists", "count"], undefined), { seed: 1 });
});

test("another plugin keeps the parameters it shares", () => {
  const variants = variantsOf(ROOT, "objective");
  const draft = { objective: { name: "mnasnet", target_latency_ms: 1, beta: -1 } };
  const next = withPlugin(draft, "objective", "constrained", variants[0]!.fields);
  assert.deepEqual(next, { objective: { name: "constrained", target_latency_ms: 1 } });
  assert.equal(pluginName({ objective: "tunas" }, "objective"), "tunas");
});

test("parameters of a plugin have its name beside them", () => {
  const target = { target_latency_ms: 1 };
  assert.deepEqual(withName({ objective: target }, "objective", "tunas"), { objective: { name: "tunas", ...target } });
  const others: Draft[] = [{}, { objective: "pareto" }, { objective: { name: "pareto", ...target } }];
  for (const draft of others) assert.deepEqual(withName(draft, "objective", "tunas"), draft);
});

test("typed text becomes a value, or stays text that is found at fault", () => {
  const field = fieldsOf(ROOT, [], ROOT).find((each) => each.name === "finalists.count")!;
  assert.equal(typed(field, " 12 "), 12);
  assert.equal(typed(field, ""), undefined);
  assert.equal(fault(field, typed(field, "many")), "a number, please");
  assert.equal(fault(field, typed(field, "1.5")), "a whole number, please");
  assert.equal(fault(field, 101), "at least 0, at most 100, please");
  assert.equal(fault(field, 3), null);
});

test("pasted text is an object or an explanation", () => {
  assert.deepEqual(parsed('{"seed": 1}'), { seed: 1 });
  assert.match(parsed("[1]") as string, /JSON object/);
  assert.match(parsed("{") as string, /not JSON/);
});

test("errors find their field, or are kept apart", () => {
  const errors = [
    { field: "objective.beta", message: "too large" },
    { field: "objective.beta.0", message: "odd" },
    { field: "space", message: "unknown" },
  ];
  const found = byField(errors, ["objective", "objective.beta"]);
  assert.equal(found.fields.get("objective.beta"), "too large; odd");
  assert.deepEqual(
    found.rest.map((error) => error.field),
    ["space"],
  );
});
