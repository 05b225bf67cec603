// Two orders of the same networks: a line for each, from its place by one accuracy to its place by the other.
import { useRef } from "preact/hooks";
import { percent } from "../format";
import { useWidth } from "./size";

export interface Ranked {
  id: string;
  left: number;
  right: number;
  leftPlace: number;
  rightPlace: number;
}

const ROW = 24;
const [TOP, SIDE] = [34, 66];
/** Apart so far, in pixels, stand lines whose networks share a place. */
const APART = 5;

/** Where each network stands on a side, in pixels; networks that share a place stand beside each other. */
export function heights(places: readonly number[]): number[] {
  const seen = new Map<number, number>();
  return places.map((place) => {
    const before = seen.get(place) ?? 0;
    seen.set(place, before + 1);
    return TOP + (place - 1) * ROW + before * APART;
  });
}

interface Props {
  rows: readonly Ranked[];
  top: number;
  left: string;
  right: string;
}

export function Ranks({ rows, top, left, right }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const height = TOP + rows.length * ROW;
  const [from, to] = [heights(rows.map((row) => row.leftPlace)), heights(rows.map((row) => row.rightPlace))];
  const crossings = rows.flatMap((a, i) =>
    rows.slice(i + 1).filter((b) => (a.leftPlace - b.leftPlace) * (a.rightPlace - b.rightPlace) < 0),
  ).length;
  const said = `${crossings} of ${(rows.length * (rows.length - 1)) / 2} pairs change their order.`;
  return (
    <figure class="chart ranks" data-testid="ranks">
      <div ref={frame} role="img" aria-label={`Places ${left} and ${right}. ${said}`}>
        {width > 0 && (
          <svg class="plot" width={width} height={height} aria-hidden="true">
            <text class="caption" x={SIDE - 10} y={14} text-anchor="end">
              {left}
            </text>
            <text class="caption" x={width - SIDE + 10} y={14}>
              {right}
            </text>
            {rows.map((row, i) => (
              <g key={row.id} class={row.leftPlace <= top || row.rightPlace <= top ? "rank best" : "rank"}>
                <title>{row.id}</title>
                <path d={`M${SIDE} ${from[i]}L${width - SIDE} ${to[i]}`} />
                <circle cx={SIDE} cy={from[i]} r={4} />
                <circle cx={width - SIDE} cy={to[i]} r={4} />
                <text x={SIDE - 10} y={(from[i] ?? 0) + 4} text-anchor="end">
                  {percent(row.left, 1)}
                </text>
                <text x={width - SIDE + 10} y={(to[i] ?? 0) + 4}>
                  {percent(row.right, 1)}
                </text>
              </g>
            ))}
          </svg>
        )}
      </div>
      <figcaption class="soft">{said} Places, the best on top; the best {top} of either side in colour.</figcaption>
    </figure>
  );
}
