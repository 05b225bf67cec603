// The selected trial: what it measured, what it is made of, what can be downloaded.
import { useEffect, useRef } from "preact/hooks";
import { trialPath, type Finalist, type LogPage, type Trial } from "../api";
import { trialWord } from "../components/badges";
import { Failure, Loading, Trouble } from "../components/states";
import { Code } from "../components/Code";
import { Rows, type Row } from "../components/Rows";
import { Network } from "../diagram/Network";
import { accuracy, duration, finite, milliseconds, MISSING, percent, shown, significant, title, whole } from "../format";
import { split } from "../store/devices";
import { useLoaded } from "../store/load";
import type { LiveSearch } from "../store/live";
import { metrics } from "../store/metrics";
import { Compressions } from "./Compressions";
import { Curve } from "./Curve";
import { Classes } from "./Classes";
import { Downloads } from "./Downloads";

interface Props {
  live: LiveSearch;
  number: number | null;
  /** Why this trial is shown where none is selected; null for one that is. */
  follows: string | null;
  close: () => void;
}

export function Inspector({ live, number, follows, close }: Props) {
  if (number === null) {
    return (
      <aside class="inspector follows" aria-label="Selected trial">
        <p class="soft">The network of a trial is shown here: select one in the plot or in the table.</p>
      </aside>
    );
  }
  return (
    <aside class={`inspector${follows === null ? "" : " follows"}`} aria-label={`Trial ${number}`} data-testid="inspector">
      <div class="inspector-head">
        <h2>Trial {number}</h2>
        {follows !== null && <span class="badge">{follows}</span>}
        <span class="grow" />
        {follows === null && (
          <button type="button" class="icon" onClick={close} aria-label="Close" data-testid="close">
            <span aria-hidden="true">×</span>
          </button>
        )}
      </div>
      <Loaded key={number} live={live} number={number} />
    </aside>
  );
}

function Loaded({ live, number }: { live: LiveSearch; number: number }) {
  const { id } = live;
  const { value: trial, problem, again } = useLoaded<Trial>(trialPath(id, number));
  const seq = live.changed.value.get(number);
  useEffect(() => {
    if (seq !== undefined) again();
  }, [seq]);
  if (!trial) return problem ? <Failure problem={problem} again={again} /> : <Loading what="the trial" lines={5} />;
  const finalist = live.finalists.value.find((each) => each.trial === number) ?? null;
  return (
    <>
      {problem && <Trouble problem={problem} again={again} />}
      <Metrics trial={trial} finalist={finalist} />
      {finalist && <Classes finalist={finalist} />}
      {trial.reason && (
        <p class="trouble lines" tabIndex={0}>
          {trial.reason}
        </p>
      )}
      <Downloads live={live} trial={trial} again={again} />
      {trial.state === "SUCCEEDED" && <Compressions live={live} trial={trial} />}
      {trial.diagram && <Architecture trial={trial} />}
      <Curve rows={trial.curve} />
      <Details trial={trial} />
    </>
  );
}

/** What a latency estimate says of itself, and the bounds of an accuracy: shown with these. */
const OF_OTHERS = new Set([
  ...["error_ms", "low_ms", "high_ms", "measured", "interpolated", "learned"].map((name) => `latency_${name}`),
  ...["low", "high"].map((name) => `accuracy_${name}`),
]);

/** With the interval that holds nine networks in ten, or else its error bar, if it has one. */
function latency(value: number | null | undefined, all: Trial["metrics"]): string {
  const [low, high] = [finite(all["latency_low_ms"]), finite(all["latency_high_ms"])];
  if (low !== null && high !== null) return `${milliseconds(value)} (${significant(low)} to ${significant(high)})`;
  const [known, error] = [finite(value), finite(all["latency_error_ms"])];
  if (known === null || error === null) return milliseconds(value);
  const shown = significant(known);
  const decimals = shown.split(".")[1]?.length ?? 0;
  return `${shown} ± ${Math.max(error, 10 ** -decimals).toFixed(decimals)}\u00a0ms`;
}

/** What it rests on: what was measured, interpolated between measurements, or learned from whole networks. */
function source(all: Trial["metrics"]): string {
  const shares = [`${percent(all["latency_measured"])} measured`];
  for (const kind of ["interpolated", "learned"])
    if (finite(all[`latency_${kind}`])) shares.push(`${percent(all[`latency_${kind}`])} ${kind}`);
  return shares.join(", ");
}

/** The trial's metrics with their names, those that the service declares first. */
function rowsOf(all: Trial["metrics"]): [string, string][] {
  const rows: [string, string][] = [];
  for (const metric of metrics.value) {
    if (all[metric.name] === undefined) continue;
    if (metric.name === "accuracy") rows.push([metric.label, accuracy(all, "accuracy")]);
    else if (metric.name !== "latency_ms") rows.push([metric.label, shown(metric, all[metric.name])]);
    else rows.push([`${metric.label}, estimated`, latency(all[metric.name], all)]);
    if (metric.name === "latency_ms" && all["latency_measured"] !== undefined)
      rows.push([`${metric.label}, source`, source(all)]);
  }
  const declared = new Set(metrics.value.map((metric) => metric.name));
  for (const [name, value] of Object.entries(all)) {
    const [plain, device] = split(name);
    if (value === null || declared.has(name) || OF_OTHERS.has(plain)) continue;
    const metric = device && metrics.value.find((each) => each.name === plain);
    if (metric) rows.push([`${metric.label} on ${device}, estimated`, shown(metric, value)]);
    else rows.push([title(name).toLowerCase(), Number.isInteger(value) ? whole(value) : significant(value)]);
  }
  return rows;
}

function Metrics({ trial, finalist }: { trial: Trial; finalist: Finalist | null }) {
  const took =
    trial.started_at && trial.ended_at ? (Date.parse(trial.ended_at) - Date.parse(trial.started_at)) / 1000 : null;
  return (
    <dl class="metrics">
      <div>
        <dt>state</dt>
        <dd class={`trial-state ${trial.state.toLowerCase()}`}>
          {trialWord(trial.state)}
          {trial.on_front && <span class="badge">front</span>}
          {trial.reused && <span class="badge">reused</span>}
        </dd>
      </div>
      <div>
        <dt>reward</dt>
        <dd>{trial.reward === null ? MISSING : significant(trial.reward, 4)}</dd>
      </div>
      {finalist && (
        <>
          <div class="finalist-row">
            <dt>test accuracy, as {finalist.best ? "the best finalist" : "finalist"}</dt>
            <dd>{accuracy(finalist.metrics, "test_accuracy")}</dd>
          </div>
          <div class="finalist-row">
            <dt>validation accuracy, as finalist</dt>
            <dd>{accuracy(finalist.metrics, "validation_accuracy")}</dd>
          </div>
          <div class="finalist-row">
            <dt>latency, measured</dt>
            <dd>{latency(finalist.metrics["latency_ms"], finalist.metrics)}</dd>
          </div>
        </>
      )}
      {rowsOf(trial.metrics).map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
      {took !== null && !trial.reused && (
        <div>
          <dt>start to end</dt>
          <dd>{duration(took)}</dd>
        </div>
      )}
    </dl>
  );
}

function Architecture({ trial }: { trial: Trial }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = `Architecture of trial ${trial.number}`;
  return (
    <section>
      <h3 class="with-link">
        Architecture{" "}
        <button type="button" class="link" onClick={() => dialog.current?.showModal()} data-testid="widen">
          see it wide
        </button>
      </h3>
      <div class="diagram-box">
        <Network diagram={trial.diagram!} name={name} column />
      </div>
      <dialog
        ref={dialog}
        class="wide-dialog"
        aria-label={name}
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      >
        <div class="dialog-body">
          <div class="inspector-head">
            <h2>{name}</h2>
            <span class="grow" />
            <button type="button" class="icon" onClick={() => dialog.current?.close()} aria-label="Close">
              <span aria-hidden="true">×</span>
            </button>
          </div>
          <Network diagram={trial.diagram!} name={name} />
        </div>
      </dialog>
    </section>
  );
}

function Details({ trial }: { trial: Trial }) {
  const choices = Object.entries(trial.choices).map(
    ([key, value]): Row => [key, typeof value === "object" ? JSON.stringify(value) : String(value)],
  );
  return (
    <>
      <details>
        <summary>Choices ({choices.length})</summary>
        <Rows class="choices" rows={choices} />
      </details>
      <details>
        <summary>Notation</summary>
        <Code text={trial.notation} label="Notation" />
        <p class="small">
          Architecture <code>{trial.architecture_id}</code>
        </p>
      </details>
      {trial.attempt_list.length > 0 && (
        <details open={trial.attempt_list.length > 1}>
          <summary>Attempts ({trial.attempt_list.length})</summary>
          <ol class="attempts">
            {trial.attempt_list.map((attempt) => (
              <li key={attempt.attempt} value={attempt.attempt}>
                <span class={`trial-state ${attempt.state.toLowerCase()}`}>{trialWord(attempt.state)}</span> on{" "}
                <code>{attempt.worker}</code>
                {attempt.reason && <span class="reason">{attempt.reason}</span>}
              </li>
            ))}
          </ol>
        </details>
      )}
      <Log id={trial.id} />
    </>
  );
}

function Log({ id }: { id: string }) {
  const { value, problem, again } = useLoaded<LogPage>(`/v1/trials/${encodeURIComponent(id)}/logs?limit=200`);
  if (!value?.items.length && !problem) return null;
  return (
    <details onToggle={(event) => event.currentTarget.open && again()}>
      <summary>Log</summary>
      {problem ? (
        <Trouble problem={problem} again={again} />
      ) : (
        <pre class="log">{value?.items.map((line) => line.text).join("\n")}</pre>
      )}
    </details>
  );
}
