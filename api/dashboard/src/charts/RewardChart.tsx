// Reward of each trial and the best so far.
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { significant } from "../format";
import { progress } from "../store/columns";
import type { SearchView } from "../store/live";
import { colour, dark } from "../theme";
import { fencedAxis } from "./axis";
import { useWidth } from "./size";

const HEIGHT = 200;
/** Steps between numbers of trials. */
const TRIALS = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));
const FONT = "12px system-ui, sans-serif";

function options(width: number, range: () => [number, number]): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour("soft"),
    font: FONT,
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_, low, high) => [Math.min(low, 0) - 0.3, Math.max(high, low + 1) + 0.3] },
      y: { range },
    },
    axes: [
      { ...axis, size: 32, incrs: TRIALS, values: (_, splits) => splits.map(String) },
      { ...axis, size: 54, values: (_, splits) => splits.map((value) => significant(value, 3)) },
    ],
    series: [
      { label: "trial" },
      {
        label: "reward",
        stroke: "transparent",
        paths: () => null,
        points: { show: true, size: 6, width: 0, fill: colour("dot") },
      },
      {
        label: "best of random draws",
        stroke: colour("soft"),
        width: 1.5,
        dash: [5, 4],
        paths: uPlot.paths.stepped!({ align: 1 }),
        points: { show: false },
      },
      {
        label: "best so far",
        stroke: colour("front"),
        width: 2,
        paths: uPlot.paths.stepped!({ align: 1 }),
        points: { show: false },
      },
    ],
  };
}

/** The best of the values with a number up to each trial's; null before the first. Numbers rise. */
export function bestBy(trials: readonly number[], numbers: readonly number[], values: readonly number[]) {
  let [next, best] = [0, null as number | null];
  return trials.map((trial) => {
    for (; next < numbers.length && numbers[next]! <= trial; next++) best = Math.max(best ?? -Infinity, values[next]!);
    return best;
  });
}

export function RewardChart({ live, select }: { live: SearchView; select: (trial: number) => void }) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(frame);
  const baseline = live.baseline.value;
  const data = useMemo(() => {
    const found = progress(live.table.columns);
    return { ...found, random: bestBy(found.trial, baseline?.columns.number ?? [], baseline?.columns.reward ?? []) };
  }, [live.revision.value, baseline]);
  const latest = useRef(data);
  latest.current = data;
  const chosen = useRef(select);
  chosen.current = select;
  useEffect(() => {
    if (!frame.current || !width || !data.trial.length) return undefined;
    const range = (): [number, number] => {
      const drawn = latest.current.random.filter((value) => value !== null);
      const { low, high } = fencedAxis(latest.current.reward, [...latest.current.best, ...drawn], 0, 1);
      return [low, high];
    };
    const made = new uPlot(options(width, range), [data.trial, data.reward, data.random, data.best], frame.current);
    plot.current = made;
    made.over.addEventListener("click", () => {
      const trial = made.cursor.idx == null ? undefined : latest.current.trial[made.cursor.idx];
      if (trial !== undefined) chosen.current(trial);
    });
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [width, dark.value, data.trial.length > 0]);
  useEffect(() => plot.current?.setData([data.trial, data.reward, data.random, data.best]), [data]);
  const best = data.best.at(-1);
  const at = data.trial[data.reward.indexOf(best ?? NaN)];
  const said =
    best === undefined ? "No trial has a reward yet." : `The best reward is ${significant(best, 4)}, of trial ${at}.`;
  return (
    <figure class="chart reward" data-testid="reward">
      <div
        ref={frame}
        style={{ minHeight: data.trial.length ? `${HEIGHT}px` : "0" }}
        role="img"
        aria-label={`Best reward so far by trial. ${said}`}
      />
      <figcaption class="soft">
        {said}
        {baseline && " The dashed line is the best of random draws at equal cost."}
      </figcaption>
    </figure>
  );
}
