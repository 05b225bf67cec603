import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagram } from "../src/api";
import { extent } from "../src/diagram/Boxes";
import { isFork, members, type Chain } from "../src/diagram/layout";
import { words } from "../src/diagram/words";
import examples from "./diagrams.json";

const diagrams = examples as unknown as Record<string, Diagram>;
const NETWORK = Object.keys(diagrams).at(-1)!;

/** A chain by its ops, a fork as [joint, ...branches]. */
const shapeOf = (chain: Chain): unknown[] =>
  chain.map((item) => (isFork(item) ? [item.joint.op, ...item.branches.map(shapeOf)] : item.op));

test("members are read as trees: forks nest, and a branch may be the input itself", () => {
  const trees: [string, unknown[]][] = [
    ["conv_8 se_2", ["conv", "se"]],
    ["res([conv_8 conv_1])", [["add", ["conv", "conv"], []]]],
    ["conv_8 cat([conv_8 se_2]|pool_3_s1)", ["conv", ["cat", ["conv", "se"], ["pool"]]]],
    ["res([cat(conv_2|id) conv_1]|pool_3_s1)", [["add", [["cat", ["conv"], []], "conv"], ["pool"]]]],
    ["res(res(id))", [["add", [["add", [], []]], []]]],
  ];
  for (const [text, tree] of trees) {
    const found = members(diagrams[`1x8x8: [${text}]`]!);
    assert.deepEqual(found.map((member) => shapeOf(member.chain)), [tree], text);
  }
});

test("equal neighbours are one card", () => {
  const cards = members(diagrams[NETWORK]!);
  assert.deepEqual(cards.map(({ first, last }) => [first, last]), [[0, 0], [1, 2], [3, 3], [4, 4]]);
  for (const cost of ["params", "macs"] as const) {
    const sum = cards.reduce((total, card) => total + (card.last - card.first + 1) * card[cost], 0);
    assert.equal(sum, diagrams[NETWORK]!.nodes.reduce((total, node) => total + node[cost], 0));
  }
});

test("branches lie side by side", () => {
  const width = (text: string) => {
    const { left, right } = extent(members(diagrams[`1x8x8: [${text}]`]!).at(-1)!.chain);
    return left + right;
  };
  assert.ok(width("conv_8 cat([conv_8 se_2]|pool_3_s1)") > 1.5 * width("conv_8 se_2"));
});

test("ops have words", () => {
  const told: [string, string, string][] = [
    ["conv_64_k5_s2_g64_relu6", "depthwise 5×5", "64 ch · stride 2 · relu6"],
    ["conv_32_g4_linear", "conv 1×1", "64 ch · 4 groups · linear"],
    ["pool_3_avg", "avg pool 3×3", "stride 2"],
    ["se_4", "squeeze-excite", "through 4"],
    ["shuffle_4", "shuffle", "4 groups"],
    ["lrn", "local norm", "over 5 ch"],
    ["padc_80", "pad channels", "to 80"],
    ["act_hswish", "hswish", ""],
    ["drop_0.2", "dropout", "rate 0.2"],
    ["gap", "global average", "64 ch"],
    ["linear_10_relu", "linear", "10 outputs · relu"],
  ];
  for (const [text, name, detail] of told) {
    const node = { id: 1, op: text.split("_")[0]!, text, shape: [64, 8, 8], params: 0, macs: 0, member: 0 };
    const found = words(node);
    assert.deepEqual([found.name, found.detail], [name, detail], text);
  }
});
