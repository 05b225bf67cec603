import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Sha256 } from "../src/form/sha256";

test("the digest of parts is that of the whole, whatever the parts", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_001]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);
    const expected = createHash("sha256").update(bytes).digest("hex");
    for (const part of [1, 63, 64, 65, 4096]) {
      const digest = new Sha256();
      for (let at = 0; at < length; at += part) digest.add(bytes.subarray(at, at + part));
      assert.equal(digest.digest(), expected, `${length} bytes in parts of ${part}`);
    }
  }
});
