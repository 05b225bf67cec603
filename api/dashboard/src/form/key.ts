// Idempotency keys: a request sent again under the same key does nothing twice.

/** crypto.randomUUID is missing where the page comes over plain HTTP from another machine. */
export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
