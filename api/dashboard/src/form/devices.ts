// The devices of a draft: one as `device`, several as `devices`, with a target each.
import type { Json } from "../api";
import type { Draft } from "./draft";
import type { Field } from "./schema";

const TARGET = "target_latency_ms";
/** The field of which each of several devices has its own. */
export const OF_EACH = `objective.${TARGET}`;

/** Several devices, or the one that is set; none if that is left to the service. */
export function devicesIn(draft: Draft): string[] {
  const several = draft["devices"];
  if (Array.isArray(several)) return several.map(String);
  return typeof draft["device"] === "string" ? [draft["device"]] : [];
}

/** draft with these devices; targets are kept for those that stay. */
export function withDevices(draft: Draft, names: readonly string[]): Draft {
  const { device: _, devices: __, ...others } = draft;
  const before = devicesIn(draft);
  const chosen: Draft = names.length > 1 ? { devices: [...names] } : names[0] === undefined ? {} : { device: names[0] };
  const objective = others["objective"];
  if (typeof objective !== "object" || objective === null || Array.isArray(objective)) return { ...others, ...chosen };
  const { [TARGET]: old, ...rest } = objective;
  const each = typeof old === "object" && old !== null && !Array.isArray(old) ? old : single(before[0] ?? names[0], old);
  const kept = Object.fromEntries(Object.entries(each).filter(([name]) => names.includes(name)));
  const target = names.length > 1 ? (Object.keys(kept).length ? kept : undefined) : Object.values(kept)[0];
  const aim: Draft = target === undefined ? rest : { ...rest, [TARGET]: target };
  return { ...others, ...chosen, objective: aim };
}

function single(name: string | undefined, target: Json | undefined): Record<string, Json> {
  return name === undefined || target === undefined ? {} : { [name]: target };
}

/** The fields, with one for each of several devices in place of that of the target. */
export function forEach(fields: readonly Field[], devices: readonly string[]): Field[] {
  if (devices.length < 2) return [...fields];
  return fields.flatMap((field) =>
    field.name === OF_EACH
      ? devices.map((device) => ({
          ...field,
          path: [...field.path, device],
          name: `${field.name}.${device}`,
          owner: field.name,
          label: `${field.label} on ${device}`,
        }))
      : [field],
  );
}
