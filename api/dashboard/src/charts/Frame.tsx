// Under the dots: gridlines, axes, curves of equal reward. Above them: front, target, named marks.
import { milliseconds } from "../format";
import { decimals, place, thinned, ticks } from "./axis";
import { textWidth } from "./labels";
import type { Mark, Scene } from "./scene";
import { path, Sign } from "./shapes";

export function Under({ scene }: { scene: Scene }) {
  const { area, x, y, width, height, frontLine } = scene;
  const narrow = width < 560;
  const levels = ticks(y);
  const digits = Math.max(decimals(levels.map((tick) => 100 * tick)), 0);
  const first = frontLine[0];
  const across = thinned(x, ticks(x, narrow ? 4 : 8), narrow ? 36 : 32);
  const places = decimals(across);
  return (
    <svg class="plot" width={width} height={height} aria-hidden="true">
      <clipPath id="pareto-area">
        <rect x={area.left} y={area.top} width={area.right - area.left} height={y.start - area.top} />
      </clipPath>
      {levels.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={area.left} x2={area.right} y1={place(y, tick)} y2={place(y, tick)} />
          <text x={area.left - 8} y={place(y, tick) + 4} text-anchor="end">
            {(100 * tick).toFixed(digits)}
            {narrow ? "" : " %"}
          </text>
        </g>
      ))}
      {across.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={place(x, tick)} x2={place(x, tick)} y1={area.top} y2={area.bottom} />
          <text x={place(x, tick)} y={area.bottom + 18} text-anchor="middle">
            {x.log ? Number(tick.toPrecision(6)) : tick.toFixed(places)}
          </text>
        </g>
      ))}
      <line class="axis" x1={area.left} x2={area.right} y1={area.bottom} y2={area.bottom} />
      <text class="caption" x={4} y={area.top - 26}>
        ↑ accuracy{narrow ? " in %" : ""}
      </text>
      <text class="caption" x={area.right} y={area.bottom + 40} text-anchor="end">
        latency in ms{x.log ? ", logarithmic" : ""} →
      </text>
      <g clip-path="url(#pareto-area)">
        {scene.iso.map((curve, i) => (
          <path key={i} class="iso" d={path(curve)} />
        ))}
      </g>
      {first && <path class="under-front" d={`${path(frontLine)}V${area.bottom}H${first[0].toFixed(1)}Z`} />}
    </svg>
  );
}

export interface Highlight {
  x: number;
  y: number;
}

export function Over({
  scene,
  target,
  winner,
  selected,
  hovered,
}: {
  scene: Scene;
  target: number | null;
  winner: Highlight | null;
  selected: Highlight | null;
  hovered: Highlight | null;
}) {
  const { area, width, height } = scene;
  const said = `target ${milliseconds(target)}`;
  const half = textWidth(said) / 2;
  return (
    <svg class="plot over" width={width} height={height} aria-hidden="true">
      {scene.target !== null && (
        <>
          <line class="target" x1={scene.target} x2={scene.target} y1={area.top - 6} y2={area.bottom} />
          <text
            class="name target-name"
            text-anchor="middle"
            x={Math.min(Math.max(scene.target, area.left + 62 + half), area.right - half)}
            y={area.top - 12}
          >
            {said}
          </text>
        </>
      )}
      {scene.running.map((x, i) => (
        <path key={i} class="in-training" d={`M${x.toFixed(1)} ${area.bottom - 1}l-4.5 -8h9z`} />
      ))}
      <path class="front" d={path(scene.frontLine)} />
      {scene.front.map((point) => (
        <circle key={point.trial} class="on-front" cx={point.x} cy={point.y} r={scene.front.length > 40 ? 3.6 : 4.8} />
      ))}
      {scene.curves.map((curve, i) => (
        <path key={i} class="reference-curve" d={path(curve)} />
      ))}
      {scene.marks.map((mark, i) => (
        <Spread key={i} mark={mark} />
      ))}
      {scene.marks.map(
        (mark) => mark.from && <path key={mark.name} class="journey" d={path([mark.from, [mark.x, mark.y]])} />,
      )}
      {winner && (
        <>
          <circle class="winner-ring" cx={winner.x} cy={winner.y} r={12} />
          <text class="name target-name" text-anchor="middle" x={winner.x} y={winner.y + 28}>
            wins
          </text>
        </>
      )}
      {selected && <circle class="selected-ring" cx={selected.x} cy={selected.y} r={9} />}
      {hovered && <circle class="hover-ring" cx={hovered.x} cy={hovered.y} r={7} />}
      {scene.marks.map((mark, i) => (
        <Named key={i} mark={mark} small={width < 560} />
      ))}
    </svg>
  );
}

const SHAPES = { finalist: "star", reference: "diamond", tick: "tick" } as const;

/** The 95 % intervals of accuracy and latency. */
function Spread({ mark }: { mark: Mark }) {
  const { x, y, across, along } = mark;
  const name = `spread ${mark.kind === "finalist" ? "finalist" : "reference"}-spread`;
  return (
    <>
      {along && <line class={name} x1={x} x2={x} y1={along[0]} y2={along[1]} />}
      {across && <line class={name} x1={across[0]} x2={across[1]} y1={y} y2={y} />}
    </>
  );
}

function Named({ mark, small }: { mark: Mark; small: boolean }) {
  return (
    <g>
      <Sign
        shape={SHAPES[mark.kind]}
        class={mark.kind === "tick" ? "reference-tick" : mark.kind}
        x={mark.x}
        y={mark.y}
        r={6}
      />
      {mark.label && (
        <text
          class={`name ${mark.kind === "finalist" ? "finalist" : "reference"}-name${small ? " tiny" : ""}`}
          text-anchor="middle"
          x={(mark.label.left + mark.label.right) / 2}
          y={mark.label.bottom - 3.5}
        >
          {mark.said}
        </text>
      )}
    </g>
  );
}
