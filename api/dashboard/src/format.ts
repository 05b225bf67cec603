// Numbers as a reader likes them: units, three significant digits, a dash for what is missing.
import type { Metric } from "./api";

export const MISSING = "\u2013";
const NO_BREAK = "\u00a0";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

type Maybe = number | null | undefined;

export function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function minus(text: string): string {
  return text.replaceAll("-", "\u2212");
}

/** value to so many significant digits, without an exponent and without cutting whole numbers. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return "0";
  const power = Number(value.toExponential(digits - 1).split("e")[1]); // of the rounded value: 999.6 is 1.00e3
  return minus(value.toFixed(Math.min(Math.max(digits - 1 - power, 0), 20)));
}

export function number(value: Maybe, digits = 4): string {
  const known = finite(value);
  return known === null ? MISSING : significant(known, digits);
}

export function milliseconds(value: Maybe): string {
  const known = finite(value);
  return known === null ? MISSING : `${significant(known)}${NO_BREAK}ms`;
}

export function percent(share: Maybe, digits = 2): string {
  const known = finite(share);
  return known === null ? MISSING : `${(100 * known).toFixed(digits)}${NO_BREAK}%`;
}

/** An accuracy with its 95 % interval, if it has one: 87.20 % (85.1 to 89.0). */
export function accuracy(metrics: Readonly<Record<string, unknown>>, name: string): string {
  const [low, high] = [finite(metrics[`${name}_low`]), finite(metrics[`${name}_high`])];
  const text = percent(finite(metrics[name]));
  return low === null || high === null ? text : `${text} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}

/** A count with a prefix: 940, 12.4 k, 3.50 M, 1.82 G. */
export function count(value: Maybe): string {
  let left = finite(value);
  if (left === null) return MISSING;
  for (const prefix of ["", "k", "M"]) {
    if (Math.abs(left) < 999.5) return prefix ? `${significant(left)}${NO_BREAK}${prefix}` : left.toFixed(0);
    left /= 1000;
  }
  return `${significant(left)}${NO_BREAK}G`;
}

/** Bytes with a decimal prefix. */
export function size(value: Maybe): string {
  const text = count(value);
  return text === MISSING ? text : withUnit(text, "B");
}

/** A value of a metric, as the service says that it is shown. */
export function shown(metric: Metric, value: Maybe): string {
  const known = finite(value);
  if (known === null) return MISSING;
  if (metric.style === "percent") return percent(known, metric.digits);
  if (metric.style === "duration") return duration(known);
  if (metric.style === "prefixed") return withUnit(count(known), metric.unit);
  return withUnit(metric.whole ? whole(known) : significant(known, metric.digits), metric.unit);
}

/** text with a unit behind it, which a prefix at its end belongs to. */
function withUnit(text: string, unit: string): string {
  if (!unit) return text;
  return text.includes(NO_BREAK) ? `${text}${unit}` : `${text}${NO_BREAK}${unit}`;
}

/** 12 s, 5 min 12 s, 3 h 07 min. */
export function duration(seconds: Maybe): string {
  const known = finite(seconds);
  if (known === null || known < 0) return MISSING;
  const total = Math.round(known);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (hours) return `${hours}${NO_BREAK}h ${String(minutes).padStart(2, "0")}${NO_BREAK}min`;
  return minutes ? `${minutes}${NO_BREAK}min ${String(rest).padStart(2, "0")}${NO_BREAK}s` : `${rest}${NO_BREAK}s`;
}

/** About how long: "about 4 min". */
export function about(seconds: Maybe): string {
  const known = finite(seconds);
  if (known === null) return MISSING;
  if (known < 60) return "under a minute";
  if (known < 3600) return `about ${Math.round(known / 60)}${NO_BREAK}min`;
  return `about ${significant(known / 3600, 2)}${NO_BREAK}h`;
}

/** A whole number of any size, given by its digits: 38 880, or two digits and a power of ten. */
export function magnitude(digits: string | number): string {
  const text = String(digits);
  if (!/^\d+$/.test(text)) return text;
  if (text.length <= 9) return whole(Number(text));
  const power = [...String(text.length - 1)].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `${text[0]}.${text[1]}${NO_BREAK}×${NO_BREAK}10${power}`;
}

export function whole(value: Maybe): string {
  const known = finite(value);
  return known === null
    ? MISSING
    : known.toLocaleString("en-US", { maximumFractionDigits: 0 }).replaceAll(",", "\u202f");
}

/** When it was, seen from now: "just now", "4 min ago", "3 h ago", or the date. */
export function ago(time: string | null | undefined, now = Date.now()): string {
  const at = time ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) return MISSING;
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return seconds < 7 * 86_400 ? `${Math.round(seconds / 86_400)} d ago` : new Date(at).toISOString().slice(0, 10);
}

/** A time to the second, in the reader's zone. */
export function exactly(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

export function dimensions(shape: readonly number[]): string {
  return shape.join("×");
}

/** Words for a field's name: target_latency_ms -> Target latency (ms). */
export function title(name: string): string {
  const units: Record<string, string> = { ms: "ms", s: "s", bytes: "bytes" };
  const words = name.split("_");
  const unit = words.length > 1 ? units[words.at(-1) ?? ""] : undefined;
  const rest = (unit ? words.slice(0, -1) : words).join(" ");
  const said = rest.charAt(0).toUpperCase() + rest.slice(1);
  return unit ? `${said} (${unit})` : said;
}
