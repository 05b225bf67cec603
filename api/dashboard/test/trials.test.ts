import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, FIXED, naming, type Column } from "../src/search/columns";

const columns: Column[] = ["number", "state", "accuracy", "macs"].map((key) => ({
  key,
  heading: key,
  wide: key === "macs",
  show: () => "",
}));
const keys = (found: readonly Column[]) => found.map(({ key }) => key);

test("an address without columns has them all, and each keeps its place", () => {
  assert.equal(chosen(columns, null), columns);
  assert.equal(naming(columns, new Set(keys(columns))), null);
  assert.deepEqual(keys(chosen(columns, "macs,state")), [FIXED, "state", "macs"]);
});

test("a column that was chosen is there on narrow screens too", () => {
  assert.ok(chosen(columns, "macs").every(({ wide }) => !wide));
});

test("what an address names is read back, also none and what is no column", () => {
  const named = naming(columns, new Set(["accuracy"]));
  assert.equal(named, "number,accuracy");
  assert.deepEqual(keys(chosen(columns, named)), ["number", "accuracy"]);
  assert.deepEqual(keys(chosen(columns, naming(columns, new Set()))), [FIXED]);
  assert.deepEqual(keys(chosen(columns, "nonsense")), [FIXED]);
});
