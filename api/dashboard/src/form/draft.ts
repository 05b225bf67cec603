// The spec in the making: only what was set; what was not, the service sets.
import type { FieldError, Json } from "../api";
import type { Field, Path, Range } from "./schema";

export type Draft = { [key: string]: Json };

export const isObject = (value: Json | undefined): value is Draft =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function valueAt(draft: Draft, path: Path): Json | undefined {
  let value: Json | undefined = draft;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return value;
}

/** draft with value at path; undefined takes the field out, and an object that is empty then. */
export function withValue(draft: Draft, path: Path, value: Json | undefined): Draft {
  const [key, ...rest] = path;
  if (key === undefined) return draft;
  const { [key]: old, ...others } = draft;
  const next = rest.length ? withValue(isObject(old) ? old : {}, rest, value) : value;
  const gone = next === undefined || (rest.length > 0 && isObject(next) && !Object.keys(next).length);
  if (gone) return others;
  return key in draft ? { ...draft, [key]: next } : { ...others, [key]: next };
}

/** The name of the plugin that the draft gives for a family; a bare string is a name too. */
export function pluginName(draft: Draft, family: string): string | undefined {
  const value = draft[family];
  const name = isObject(value) ? value["name"] : value;
  return typeof name === "string" ? name : undefined;
}

/** The known space that the draft names, with changes or without; null for one of the user's own. */
export function knownSpace(draft: Draft, known: readonly string[]): string | null {
  const space = draft["space"] ?? "small";
  if (typeof space === "string") return space;
  const name = pluginName(draft, "space");
  return name !== undefined && known.includes(name) && !("stages" in (space as Draft)) ? name : null;
}

/** draft in which parameters of a plugin have its name beside them. */
export function withName(draft: Draft, family: string, name: string): Draft {
  const value = draft[family];
  return isObject(value) && !("name" in value) && name ? { ...draft, [family]: { name, ...value } } : draft;
}

/** draft with another plugin, whose parameters of the same names are kept. */
export function withPlugin(draft: Draft, family: string, name: string, fields: readonly Field[]): Draft {
  const old = draft[family];
  const known = new Set(fields.map((field) => field.path[1]));
  const kept = Object.entries(isObject(old) ? old : {}).filter(([key]) => known.has(key));
  return { ...draft, [family]: { name, ...Object.fromEntries(kept) } };
}

/** What was typed as a value; undefined for nothing. What is not a number stays text, for the service to refuse. */
export function typed(field: Field, text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  if (field.kind === "integer" || field.kind === "number") {
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  }
  if (field.kind === "boolean") return text === "true";
  if (field.kind !== "json" && field.kind !== "numbers") return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What can be said of a field without asking. */
export function fault(field: Field, value: Json | undefined): string | null {
  if (value === undefined) return field.required ? "needed" : null;
  if (field.kind !== "integer" && field.kind !== "number") return null;
  if (typeof value !== "number") return "a number, please";
  if (field.kind === "integer" && !Number.isInteger(value)) return "a whole number, please";
  return inRange(value, field.range) ? null : `${field.limits}, please`;
}

function inRange(value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Range): boolean {
  const above = value >= (minimum ?? -Infinity) && value > (exclusiveMinimum ?? -Infinity);
  return above && value <= (maximum ?? Infinity) && value < (exclusiveMaximum ?? Infinity);
}

/** Draft from what was typed or pasted as JSON; what is wrong, in words, if it is not valid. */
export function parsed(text: string): Draft | string {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : "A search is a JSON object: { … }";
  } catch (error) {
    return `This is not JSON: ${(error as Error).message}`;
  }
}

/** Errors by the name of the field that shows them: the longest one that the error's own name starts with. */
export function byField(
  errors: readonly FieldError[],
  names: readonly string[],
): { fields: Map<string, string>; rest: FieldError[] } {
  const fields = new Map<string, string>();
  const rest: FieldError[] = [];
  for (const error of errors) {
    const owner = names
      .filter((name) => error.field === name || error.field.startsWith(`${name}.`))
      .reduce((best, name) => (name.length > best.length ? name : best), "");
    if (!owner) rest.push(error);
    else fields.set(owner, [fields.get(owner), error.message].filter(Boolean).join("; "));
  }
  return { fields, rest };
}
