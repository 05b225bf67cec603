// Accuracy against latency: trials, their front, the target, reference networks and finalists.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { accuracy, finite, milliseconds, percent, significant } from "../format";
import { valueOf } from "../store/columns";
import { devicesOf, type OnDevice } from "../store/devices";
import type { SearchView } from "../store/live";
import { dark } from "../theme";
import { Over, Under } from "./Frame";
import { paint } from "./paint";
import { hit, neighbour, scene, type Hit, type Mark, type Scene } from "./scene";
import { Legend, type Entry } from "./shapes";
import { useWidth } from "./size";

interface Props {
  live: SearchView;
  selected: number | null;
  select: (trial: number | null) => void;
  /** Another target, on the device whose latency is this metric, and the trial that wins there. */
  asked?: Asked;
}

interface Asked {
  target: number | null;
  metric: string | null;
  winner: number | null;
}

const KEYS =
  "Arrow keys left and right move by latency, up and down along the front, Enter selects. " +
  "The same numbers are in the table of trials.";

export function ParetoPlot({ live, selected, select, asked }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const [at, setAt] = useState<Hit | null>(null);
  const { table } = live;
  const devices = devicesOf(live.search.value);
  const device = devices.find((each) => each.metric === table.latency) ?? devices[0];
  const objective = live.search.value?.facts?.objective ?? null;
  const facts = device ? null : objective; // a reward over several devices has no curve by the latency on one
  const own = device
    ? device.target
    : (finite(live.search.value?.target_latency_ms) ?? finite(objective?.target_latency_ms));
  const target = asked?.target != null && asked.metric === table.latency ? asked.target : own;
  const height = Math.round(Math.min(Math.max(width * 0.56, 320), 520));
  const found = useMemo(
    () =>
      width
        ? scene(
            { table, references: live.references.value, finalists: live.finalists.value, target, objective: facts },
            width,
            height,
          )
        : null,
    [width, height, live.revision.value, live.references.value, live.finalists.value, target, facts, table.latency],
  );
  useEffect(() => {
    if (found && canvas.current) paint(canvas.current, found);
  }, [found, dark.value]);

  const chosen = (of: Hit | null) => (of?.kind === "trial" ? table.columns.number[of.row]! : (of?.mark.trial ?? null));
  const point = (event: PointerEvent | MouseEvent) => {
    if (!found) return null;
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return hit(
      found,
      event.clientX - box.left,
      event.clientY - box.top,
      "pointerType" in event && event.pointerType === "touch" ? 28 : 18,
    );
  };
  const key = (event: KeyboardEvent) =>
    found &&
    steer(
      event,
      found,
      live,
      at,
      setAt,
      () => select(chosen(at)),
      () => select(null),
    );
  const ring = (number: number | null) => {
    const row = number === null ? undefined : table.row(number);
    const i = row === undefined || !found ? -1 : found.dots.row.indexOf(row);
    return i < 0 || !found ? null : { x: found.dots.x[i]!, y: found.dots.y[i]! };
  };
  const said = at && describe(at, live);
  return (
    <figure class="chart" data-testid="pareto">
      {device && (
        <DeviceChoice
          devices={devices}
          chosen={device}
          choose={(metric) => {
            table.measureBy(metric);
            setAt(null);
            live.revision.value++;
          }}
        />
      )}
      {found && <Legend entries={legend(found)} />}
      <div
        ref={frame}
        class="canvas"
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="group"
        aria-roledescription="plot"
        aria-label={`Accuracy against latency of ${found?.dots.x.length ?? 0} trials. ${KEYS}`}
        onPointerMove={(event) => setAt(point(event))}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={key}
        onClick={(event) => {
          const there = point(event);
          setAt(there);
          if (there && chosen(there) !== null) select(chosen(there));
        }}
      >
        {found ? (
          <>
            <Under scene={found} />
            <canvas ref={canvas} aria-hidden="true" />
            <Over
              scene={found}
              target={target}
              winner={ring(asked?.winner ?? null)}
              selected={ring(selected)}
              hovered={at}
            />
          </>
        ) : (
          width > 0 && <p class="nothing">No candidate is known yet.</p>
        )}
        {at && said && <Tip lines={said} at={at} width={width} />}
      </div>
      <p class="unseen" aria-live="polite">
        {said?.join(", ")}
      </p>
    </figure>
  );
}

/** Whose latency is drawn, and whose front. */
function DeviceChoice({
  devices,
  chosen,
  choose,
}: {
  devices: readonly OnDevice[];
  chosen: OnDevice;
  choose: (metric: string) => void;
}) {
  return (
    <label class="device-choice">
      Latency on{" "}
      <select
        value={chosen.metric}
        data-testid="pareto-device"
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {devices.map(({ name, metric }) => (
          <option key={metric} value={metric}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function steer(
  event: KeyboardEvent,
  found: Scene,
  live: SearchView,
  at: Hit | null,
  move: (to: Hit | null) => void,
  choose: () => void,
  leave: () => void,
): void {
  const moves: Record<string, [1 | -1, boolean]> = {
    ArrowRight: [1, false],
    ArrowLeft: [-1, false],
    ArrowUp: [1, true],
    ArrowDown: [-1, true],
  };
  const way = moves[event.key];
  if (way) {
    const row = neighbour(found, live.table, at?.kind === "trial" ? at.row : -1, ...way);
    const i = row === null ? -1 : found.dots.row.indexOf(row);
    if (i >= 0) move({ kind: "trial", row: row!, x: found.dots.x[i]!, y: found.dots.y[i]! });
  } else if ((event.key === "Enter" || event.key === " ") && at) choose();
  else if (event.key === "Escape") leave();
  else return;
  event.preventDefault();
}

function describe(at: Hit, live: SearchView): string[] {
  if (at.kind === "mark") return describeMark(at.mark, live.table.latency);
  const { columns, front } = live.table;
  const [row, number] = [at.row, columns.number[at.row]!];
  const reward = finite(columns.reward[row]);
  const place = front.some((point) => point.trial === number) ? " · on the front" : "";
  return [
    `trial ${number}${place}${columns.reused[row] ? " · reused" : ""}`,
    `${percent(valueOf(columns, "accuracy", row))} validation accuracy`,
    milliseconds(valueOf(columns, live.table.latency, row)) + (reward === null ? "" : ` · reward ${significant(reward, 4)}`),
  ];
}

const VERDICTS: Record<string, string> = {
  better: "the best finalist is more accurate",
  worse: "the best finalist is less accurate",
  unclear: "no clear difference to the best finalist",
};

function describeMark({ kind, name, metrics, verdict }: Mark, by: string): string[] {
  const error = finite(metrics[by.replace("latency_ms", "latency_error_ms")]);
  const latency = `${milliseconds(metrics[by])}${error === null ? "" : ` ± ${significant(error, 2)}`} measured`;
  if (kind === "finalist") return [`${name} · finalist`, accuracyOf(metrics), latency];
  const said = [`${name} · reference`, kind === "tick" ? "not trained" : accuracyOf(metrics), latency];
  return verdict && VERDICTS[verdict] ? [...said, VERDICTS[verdict]] : said;
}

/** With its split: networks of searches from before references were tested have one on validation images. */
function accuracyOf(metrics: Mark["metrics"]): string {
  if (finite(metrics["test_accuracy"]) === null) return `${percent(metrics["accuracy"])} validation accuracy`;
  return `${accuracy(metrics, "test_accuracy")} test accuracy`;
}

function Tip({ lines, at, width }: { lines: string[]; at: Hit; width: number }) {
  const right = at.x > width / 2;
  const style = {
    top: `${Math.max(4, at.y - 34)}px`,
    ...(right ? { right: `${width - at.x + 14}px` } : { left: `${at.x + 14}px` }),
  };
  return (
    <div class="tip" style={style} aria-hidden="true">
      {lines.map((line, i) => (
        <div key={i}>{line}</div>
      ))}
    </div>
  );
}

function legend(found: Scene): Entry[] {
  const has = (kind: Mark["kind"]) => found.marks.some((mark) => mark.kind === kind);
  const entries: (Entry | false)[] = [
    { shape: "dot", class: "trial", text: "trial, validation accuracy" },
    { shape: "line", class: "front", text: "Pareto front" },
    found.running.length > 0 && { shape: "triangle", class: "in-training", text: "in training" },
    has("finalist") && { shape: "star", class: "finalist", text: "finalist, measured end to end, test accuracy" },
    has("reference") && { shape: "diamond", class: "reference", text: "reference network, likewise" },
    found.curves.length > 0 && { shape: "line", class: "reference-curve", text: "the same network at several widths" },
    has("tick") && { shape: "tick", class: "reference-tick", text: "reference network, not trained" },
    found.iso.length > 0 && { shape: "line", class: "iso", text: "equal reward" },
    found.dots.below.includes(1) && { shape: "triangle", class: "trial", text: "below the axis" },
  ];
  return entries.filter((entry) => entry !== false);
}
