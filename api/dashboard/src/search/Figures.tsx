// The numbers that matter, large: the best model, what it takes, how far the search is.
import type { ComponentChildren } from "preact";
import type { Finalist } from "../api";
import { finite, milliseconds, MISSING, percent, shown, significant, size, whole } from "../format";
import { Progress } from "../components/badges";
import { at } from "../root";
import { bestRow, tally, valueOf } from "../store/columns";
import { devicesOf, LATENCY, type OnDevice } from "../store/devices";
import type { LiveSearch } from "../store/live";
import { metrics as known, sizes } from "../store/metrics";

interface Shown {
  label: string;
  value: string;
  unit: string;
  note: ComponentChildren;
}

export function Figures({ live, select }: { live: LiveSearch; select: (trial: number) => void }) {
  const search = live.search.value!;
  const objective = search.spec["objective"] as { target_latency_ms?: unknown } | undefined;
  const target = finite(search.target_latency_ms) ?? finite(objective?.target_latency_ms);
  const finalist = live.finalists.value.find((each) => each.best) ?? null;
  const [first, ...others] = devicesOf(search);
  const devices = [{ name: first?.name ?? null, metric: LATENCY, target }, ...others];
  const figures = finalist ? ofFinalist(finalist, devices) : ofBest(live, devices);
  const url = finalist?.url;
  const said = tally(live.table.columns);
  return (
    <section class="figures" aria-label="Summary" data-testid="figures">
      {figures.map((each) => (
        <Figure key={each.label} {...each} />
      ))}
      <div class="figure-block">
        <div class="label">Trials</div>
        <div class="big">
          {whole(said.ended)}
          <small> of {whole(search.max_trials)}</small>
        </div>
        <Progress done={said.ended} total={search.max_trials} />
        <div class="note">
          {[
            [said.running, "in training"],
            [search.counts.pruned, "stopped early"],
            [said.failed, "failed"],
            [search.counts.reused, "reused"],
            [search.counts.refused, "over a limit"],
          ]
            .filter(([count]) => Number(count) > 0)
            .map((pair) => pair.join(" "))
            .join(" · ")}
        </div>
      </div>
      {finalist && (
        <div class="take">
          {url && (
            <a class="button first" href={at(url)} download={finalist.file} data-testid="download">
              Download ONNX
            </a>
          )}
          <button type="button" class="link" onClick={() => select(finalist.trial)}>
            best finalist: trial {finalist.trial}
          </button>
          <code class="soft clip">{finalist.file}</code>
        </div>
      )}
    </section>
  );
}

function Figure({ label, value, unit, note }: Shown) {
  return (
    <div class="figure-block">
      <div class="label">{label}</div>
      <div class="big">
        {value}
        {unit && <small> {unit}</small>}
      </div>
      <div class="note">{note}</div>
    </div>
  );
}

/** text: a value and its unit. */
function figure(label: string, text: string, note: ComponentChildren): Shown {
  const [value = MISSING, unit = ""] = text.split("\u00a0");
  return { label, value, unit, note };
}

function within(latency: number | null, target: number | null, none = "no target"): string {
  if (latency === null || target === null) return target === null ? none : `target ${milliseconds(target)}`;
  return latency <= target
    ? `within the target of ${milliseconds(target)}`
    : `over the target of ${milliseconds(target)}`;
}

/** On what the test accuracy rests. */
function tested(metrics: Finalist["metrics"]): string {
  const [low, high] = [finite(metrics["test_accuracy_low"]), finite(metrics["test_accuracy_high"])];
  const how = "of the exported file, through ONNX Runtime";
  return low === null || high === null ? how : `${percent(low, 1)} to ${percent(high, 1)} with 95 % confidence; ${how}`;
}

type Latency = Omit<OnDevice, "name"> & { name: string | null };

const on = ({ name }: Latency): string => (name === null ? "" : ` on ${name}`);

function ofFinalist({ metrics, latency_note }: Finalist, devices: readonly Latency[]): Shown[] {
  const [first, ...others] = sizes(known.value);
  const notes = others.map((metric) => `${shown(metric, metrics[metric.name])} ${metric.heading}`);
  return [
    figure("Test accuracy", percent(metrics["test_accuracy"]), tested(metrics)),
    ...devices.map((device, i) =>
      figure(
        `Measured latency${on(device)}`,
        milliseconds(metrics[device.metric]),
        <>
          {within(finite(metrics[device.metric]), device.target)}
          {i === 0 && latency_note && <div data-testid="latency-note">{latency_note}</div>}
        </>,
      ),
    ),
    ...(first
      ? [
          figure(
            first.label.charAt(0).toUpperCase() + first.label.slice(1),
            shown(first, metrics[first.name]),
            [...notes, size(metrics["size_bytes"])].join(", "),
          ),
        ]
      : []),
  ];
}

function ofBest(live: LiveSearch, devices: readonly Latency[]): Shown[] {
  const { columns } = live.table;
  const none = live.search.value!.facts ? undefined : "the target is known once the search has begun";
  const best = bestRow(columns);
  const reward = finite(columns.reward[best]);
  const note =
    best < 0 ? "no trial has succeeded" : `trial ${columns.number[best]}, reward ${significant(reward ?? 0, 4)}`;
  return [
    figure("Best validation accuracy so far", percent(valueOf(columns, "accuracy", best)), note),
    ...devices.map((device) => {
      const latency = valueOf(columns, device.metric, best);
      return figure(`At a latency${on(device)} of`, milliseconds(latency), within(latency, device.target, none));
    }),
  ];
}
