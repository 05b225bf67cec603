// The front of a search, small: fetched once it is in sight, and again when the search has moved.
import { useEffect, useState } from "preact/hooks";
import { request, searchPath, type Pareto, type SearchItem } from "../api";
import { finite } from "../format";
import { step, type Point } from "../store/front";
import { path, scale } from "./shapes";

const WIDTH = 132;
const HEIGHT = 56;
const PAD = 5;
/** How often the front of a search that moves is fetched, at most. */
const FRESH_MS = 12_000;

interface Kept {
  seq: number;
  at: number;
  pareto: Pareto;
}
const kept = new Map<string, Kept>();

export const frontPoints = (pareto: Pareto): Point[] =>
  pareto.points.flatMap(({ number, metrics }) => {
    const [latency, accuracy] = [finite(metrics["latency_ms"]), finite(metrics["accuracy"])];
    return latency === null || accuracy === null ? [] : [{ trial: number, latency, accuracy }];
  });

/** The front of a search, once the element of ref is in sight; null until then. */
export function usePareto(search: SearchItem, ref: { current: Element | null }): Pareto | null {
  const [seen, setSeen] = useState(false);
  const [, redraw] = useState(0);
  const known = kept.get(search.id);
  useEffect(() => {
    if (!ref.current) return undefined;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true),
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const fresh = known && (known.seq >= search.last_seq || Date.now() - known.at < FRESH_MS);
    if (!seen || fresh || !search.counts.succeeded) return;
    request<Pareto>(`${searchPath(search.id)}/pareto`).then(
      (pareto) => {
        kept.set(search.id, { seq: search.last_seq, at: Date.now(), pareto });
        redraw((old) => old + 1);
      },
      () => undefined, // the picture is an extra; the list says what is wrong
    );
  }, [seen, search.last_seq]);
  return known?.pareto ?? null;
}

export function Thumbnail({ search, pareto }: { search: SearchItem; pareto: Pareto | null }) {
  const points = pareto ? frontPoints(pareto) : [];
  if (!points.length)
    return (
      <svg class="thumbnail" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line class="floor" x1={PAD} x2={WIDTH - PAD} y1={HEIGHT - PAD} y2={HEIGHT - PAD} />
      </svg>
    );
  const target = search.target_latency_ms ?? pareto?.target_latency_ms ?? null;
  const xs = [...points.map((point) => point.latency), ...(target ? [target] : [])].map(Math.log);
  const ys = points.map((point) => point.accuracy);
  const x = scale(xs, PAD + 6, WIDTH - PAD - 12);
  const y = scale(ys, HEIGHT - PAD - 8, PAD + 4);
  const places = points.map((point) => [x(Math.log(point.latency)), y(point.accuracy)] as const);
  const line = path(step(places, WIDTH - PAD));
  const best = points.findIndex((point) => point.trial === search.best?.trial);
  return (
    <svg
      class="thumbnail"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Front of ${points.length} trials`}
    >
      <path class="under-front" d={`${line}V${HEIGHT - PAD}H${places[0]![0].toFixed(1)}Z`} />
      <line class="floor" x1={PAD} x2={WIDTH - PAD} y1={HEIGHT - PAD} y2={HEIGHT - PAD} />
      {target && (
        <line class="target" x1={x(Math.log(target))} x2={x(Math.log(target))} y1={PAD - 2} y2={HEIGHT - PAD} />
      )}
      <path class="front" d={line} />
      {places.map(([a, b], i) => (
        <circle key={i} class={i === best ? "best-mark" : "front-mark"} cx={a} cy={b} r={i === best ? 3.6 : 2.2} />
      ))}
    </svg>
  );
}
