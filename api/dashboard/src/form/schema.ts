// From the JSON schema of a search to the fields of a form.
import type { Json } from "../api";
import { title, whole } from "../format";

export interface Schema {
  title?: string;
  description?: string;
  /** When to change the value. */
  when?: string;
  type?: string;
  default?: Json;
  const?: Json;
  enum?: Json[];
  examples?: Json[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

export type Path = readonly string[];
/** numbers: one, or several as JSON. */
export type Kind = "integer" | "number" | "numbers" | "text" | "boolean" | "choice" | "json";

export interface Field {
  path: Path;
  /** The path as problems name it: objective.alpha. */
  name: string;
  /** The name of the field that this is a part of, under which problems may name it. */
  owner?: string;
  label: string;
  kind: Kind;
  help: string;
  /** When to change it, in words. */
  when: string;
  required: boolean;
  fallback: Json | undefined;
  options: readonly string[];
  range: Range;
  /** The range in words: "at least 1", "above 0 and below 1". */
  limits: string;
}

export type Range = Pick<Schema, "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum">;

export interface Variant {
  name: string;
  summary: string;
  fields: Field[];
}

/** schema with what it refers to, and without the null that an optional value allows. */
export function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref) {
    const found = root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {};
    const { $ref: _, ...own } = schema;
    return resolved({ ...found, ...own }, root);
  }
  const choices = schema.anyOf?.filter((choice) => choice.type !== "null") ?? [];
  const single = choices.filter((choice) => choice.type !== "object"); // a mapping has a value for each of several devices
  const [chosen] = choices.length === 1 ? choices : single.length === 1 && single[0]?.type === "number" ? single : [];
  if (chosen) {
    const { anyOf: _, ...own } = schema;
    return resolved({ ...chosen, ...own }, root);
  }
  return schema;
}

const isNumber = ({ type }: Schema): boolean => type === "integer" || type === "number";

function kindOf(schema: Schema): Kind {
  if (schema.enum) return "choice";
  if (schema.type === "integer" || schema.type === "number" || schema.type === "boolean") return schema.type;
  if (schema.anyOf?.some(isNumber) && schema.anyOf.every((each) => isNumber(each) || (each.items && isNumber(each.items)))) return "numbers";
  return schema.type === "string" ? "text" : "json";
}

export function fieldOf(raw: Schema, path: Path, root: Schema, required: boolean): Field {
  const schema = resolved(raw, root);
  const name = path.at(-1) ?? "";
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const range = { minimum, maximum, exclusiveMinimum, exclusiveMaximum };
  return {
    path,
    name: path.join("."),
    label: raw.title ?? title(name),
    kind: kindOf(schema),
    help: schema.description ?? "",
    when: schema.when ?? "",
    required,
    fallback: schema.default ?? undefined,
    options: (schema.enum ?? []).map(String),
    range,
    limits: limits(range),
  };
}

function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Range): string {
  const said: string[] = [];
  const plain = (value: number) => (Number.isInteger(value) && value >= 10_000 ? whole(value) : String(value));
  if (minimum !== undefined) said.push(`at least ${plain(minimum)}`);
  if (exclusiveMinimum !== undefined) said.push(`above ${plain(exclusiveMinimum)}`);
  if (maximum !== undefined) said.push(`at most ${plain(maximum)}`);
  if (exclusiveMaximum !== undefined) said.push(`below ${plain(exclusiveMaximum)}`);
  return said.join(", ");
}

/** The fields of an object, those of objects inside it included, labelled with the name of theirs. */
export function fieldsOf(raw: Schema, path: Path, root: Schema): Field[] {
  const schema = resolved(raw, root);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (property.const !== undefined) return []; // the name of a plugin
    const inner = resolved(property, root);
    const optional = property.anyOf?.some((choice) => choice.type === "null") ?? false;
    if (inner.properties)
      return fieldsOf(inner, [...path, name], root).map((field) => ({
        ...field,
        required: field.required && !optional, // it is where another part is given: the service says so
        label: `${title(name)}: ${field.label.toLowerCase()}`,
      }));
    return [fieldOf(property, [...path, name], root, schema.required?.includes(name) ?? false)];
  });
}

/** The plugins that a field offers. */
export function variantsOf(root: Schema, family: string): Variant[] {
  const offered = root.properties?.[family]?.oneOf ?? [];
  return offered.filter(({ type }) => type !== "null").map((schema) => ({
    name: String(schema.properties?.["name"]?.const ?? schema.title ?? ""),
    summary: schema.description ?? "",
    fields: fieldsOf(schema, [family], root),
  }));
}

/** The names that a field offers, where it also takes other values. */
export function namesOf(root: Schema, field: string): string[] {
  const schema = root.properties?.[field];
  const offered = schema?.enum ?? schema?.anyOf?.find((choice) => choice.enum)?.enum ?? schema?.examples ?? [];
  return offered.map(String);
}

/** Beside the name: what may be changed of a known space. Left out, each is as the space has it. */
export function spaceChanges(root: Schema): Field[] {
  const changed = root.properties?.["space"]?.anyOf?.find((choice) => choice.properties?.["name"]?.enum);
  const { name: _, channels: __, classes: ___, ...properties } = changed?.properties ?? {}; // those of the images are taken
  return fieldsOf({ properties }, ["space"], root).map((field) => ({ ...field, required: false, fallback: undefined }));
}
