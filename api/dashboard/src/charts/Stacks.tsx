// Bytes by component as stacked bars on one scale: a bar for each stage of a compression.
import type { CompressionStage } from "../api";
import { percent, size, title } from "../format";

/** The colours of components, in the order in which they are first seen. */
const COLOURS = ["front", "finalist", "reference", "target", "dot"];

export function Stacks({ stages }: { stages: readonly CompressionStage[] }) {
  const most = Math.max(...stages.map((stage) => stage.size_bytes), 1);
  const parts = [...new Set(stages.flatMap((stage) => Object.keys(stage.sizes ?? {})))].sort(
    (a, b) => largest(stages, b) - largest(stages, a),
  );
  const colour = (part: string) => `var(--${COLOURS[Math.min(parts.indexOf(part), COLOURS.length - 1)]})`;
  return (
    <figure class="chart stacks" data-testid="stacks">
      <ul class="legend">
        {parts.map((part) => (
          <li key={part}>
            <span class="swatch" style={{ background: colour(part) }} />
            {part}
          </li>
        ))}
      </ul>
      {stages.map((stage, i) => (
        <div class="stack-row" key={i} role="img" aria-label={said(stage)} data-testid="stack">
          <span>{title(stage.name)}</span>
          <span class="numbers">
            {size(stage.size_bytes)} <span class="soft">{percent(stage.accuracy)}</span>
          </span>
          <span class="stack">
            {parts.map((part) => (
              <span
                key={part}
                style={{ background: colour(part), width: `${(100 * (stage.sizes?.[part] ?? 0)) / most}%` }}
              />
            ))}
          </span>
        </div>
      ))}
      <figcaption class="small">Bytes of the file after each stage, and accuracy on the validation images.</figcaption>
    </figure>
  );
}

const largest = (stages: readonly CompressionStage[], part: string): number =>
  Math.max(...stages.map((stage) => stage.sizes?.[part] ?? 0));

/** A stage in words: "Prune: 12.4 kB, of which weights 12.0 kB, header 0.4 kB; accuracy 87.20 %". */
export function said(stage: CompressionStage): string {
  const parts = Object.entries(stage.sizes ?? {}).map(([part, bytes]) => `${part} ${size(bytes)}`);
  const of = parts.length ? `, of which ${parts.join(", ")}` : "";
  return `${title(stage.name)}: ${size(stage.size_bytes)}${of}; accuracy ${percent(stage.accuracy)}`;
}
