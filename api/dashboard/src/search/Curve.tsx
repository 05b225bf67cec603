// Accuracy by epoch of the trial's last attempt.
import type { Metrics } from "../api";
import { path, scale } from "../charts/shapes";
import { finite, percent } from "../format";

const [WIDTH, HEIGHT, PAD] = [320, 84, 8];

export function Curve({ rows }: { rows: readonly ({ epoch: number } & Metrics)[] }) {
  const key = ["accuracy", "validation_accuracy"].find((name) => rows.some((row) => finite(row[name]) !== null));
  const points = key
    ? rows.flatMap((row) => (finite(row[key]) === null ? [] : [{ epoch: row.epoch, value: row[key]! }]))
    : [];
  if (points.length < 2) return null;
  const [first, last] = [points[0]!, points.at(-1)!];
  const x = scale(
    points.map((point) => point.epoch),
    PAD,
    WIDTH - PAD,
  );
  const y = scale(
    points.map((point) => point.value),
    HEIGHT - PAD,
    PAD,
  );
  const at = ({ epoch, value }: { epoch: number; value: number }) => `${percent(value)} after epoch ${epoch}`;
  const said = `From ${at(first)} to ${at(last)}`;
  return (
    <section>
      <h3>Validation accuracy by epoch</h3>
      <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
        <path class="front" d={path(points.map((point) => [x(point.epoch), y(point.value)]))} />
        {points.length < 24 &&
          points.map((point) => (
            <circle key={point.epoch} class="front-mark" cx={x(point.epoch)} cy={y(point.value)} r={3} />
          ))}
      </svg>
      <p class="small">{said}.</p>
    </section>
  );
}
