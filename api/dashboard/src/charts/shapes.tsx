// The marks of the plots: a shape for each kind, so that colour is never alone.

/** A line through points, as the data of an SVG path. */
export const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Maps values linearly to places between from and to; equal values to the middle. */
export function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (value) => from + (high > low ? (value - low) / (high - low) : 0.5) * (to - from);
}

const STAR = Array.from({ length: 10 }, (_, i) => {
  const [angle, r] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? 0.42 : 1];
  return [Math.cos(angle) * r, Math.sin(angle) * r] as const;
});

export type Shape = "dot" | "star" | "diamond" | "triangle" | "tick" | "line";

export function Sign({
  shape,
  x = 0,
  y = 0,
  r = 6,
  class: name,
}: {
  shape: Shape;
  x?: number;
  y?: number;
  r?: number;
  class: string;
}) {
  switch (shape) {
    case "dot":
      return <circle class={name} cx={x} cy={y} r={r} />;
    case "star":
      return (
        <polygon
          class={name}
          points={STAR.map(([a, b]) => `${(x + a * r * 1.5).toFixed(1)},${(y + b * r * 1.5).toFixed(1)}`).join(" ")}
        />
      );
    case "diamond":
      return (
        <polygon
          class={name}
          points={`${x},${y - r * 1.15} ${x + r * 1.15},${y} ${x},${y + r * 1.15} ${x - r * 1.15},${y}`}
        />
      );
    case "triangle":
      return <polygon class={name} points={`${x},${y + r} ${x + r},${y - r * 0.8} ${x - r},${y - r * 0.8}`} />;
    case "tick":
      return <line class={name} x1={x} x2={x} y1={y - r} y2={y + r} />;
    default:
      return <line class={name} x1={x - 11} x2={x + 11} y1={y} y2={y} />;
  }
}

export interface Entry {
  shape: Shape;
  class: string;
  text: string;
}

export function Legend({ entries }: { entries: readonly Entry[] }) {
  return (
    <ul class="legend">
      {entries.map(({ shape, class: name, text }) => (
        <li key={text}>
          <svg width={24} height={16} viewBox="0 0 24 16" aria-hidden="true">
            <Sign shape={shape} x={12} y={8} r={shape === "dot" || shape === "triangle" ? 4 : 5} class={name} />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}
