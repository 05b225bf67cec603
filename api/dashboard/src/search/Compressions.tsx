// A trial made smaller: a preset to choose, how far its stages are, and what came of them.
import { useEffect, useId, useState } from "preact/hooks";
import {
  request,
  trialPath,
  type CompressionReport,
  type CompressionStage,
  type Export,
  type Preset,
  type Trial,
} from "../api";
import { Stacks } from "../charts/Stacks";
import { Progress } from "../components/badges";
import { Trouble } from "../components/states";
import { milliseconds, percent, significant, size, title, whole } from "../format";
import { at } from "../root";
import { useAction } from "../store/action";
import type { LiveSearch } from "../store/live";
import { useLoaded } from "../store/load";
import { mayWrite } from "../store/session";

export function Compressions({ live, trial }: { live: LiveSearch; trial: Trial }) {
  const path = trialPath(trial.search_id, trial.number);
  const { value, problem, again } = useLoaded<{ items: Export[] }>(`${path}/exports`);
  const states = live.compressions.value;
  const found = (value?.items ?? []).filter((each) => each.compression);
  const stale = found.some((each) => (states.get(each.id) ?? each.state) !== each.state);
  useEffect(() => {
    if (stale) again();
  }, [states, stale]);
  if (!found.length && !mayWrite()) return null;
  return (
    <section class="compressions" data-testid="compressions">
      <h3>Compression</h3>
      {mayWrite() && <Ask path={path} again={again} />}
      {problem && <Trouble problem={problem} again={again} />}
      {found.toReversed().map((each) => (
        <Compression key={each.id} live={live} compression={each} />
      ))}
    </section>
  );
}

/** The choice of a preset, how long its trainings are, and of those that can how large the file is, or how fast. */
function Ask({ path, again }: { path: string; again: () => void }) {
  const { value } = useLoaded<{ items: Preset[] }>("/v1/presets");
  const [chosen, choose] = useState("");
  const [epochs, setEpochs] = useState("");
  const [kilobytes, setKilobytes] = useState("");
  const { busy, problem, run } = useAction();
  const [latency, setLatency] = useState<Latency>(ANY_LATENCY);
  const [preset, length, largest] = [useId(), useId(), useId()];
  const presets = value?.items ?? [];
  const plan = presets.find((each) => each.name === chosen) ?? presets[0];
  if (!plan) return null;
  const sized = plan.stages.some((stage) => stage["name"] === "allocate");
  const timed = plan.stages.some((stage) => stage["name"] === "int8");
  const start = () =>
    void run(async () => {
      const compression = {
        preset: plan.name,
        ...(epochs ? { epochs: Number(epochs) } : {}),
        ...(sized && kilobytes ? { max_bytes: Math.round(1000 * Number(kilobytes)) } : {}),
        ...(timed && latency.most ? { max_latency_ms: Number(latency.most), latency_device: latency.device } : {}),
      };
      await request<Export>(`${path}:export`, { method: "POST", body: { compression } });
      again();
    });
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <label for={preset}>Preset</label>
      <select id={preset} value={plan.name} onChange={(e) => choose(e.currentTarget.value)} data-testid="preset">
        {presets.map((each) => (
          <option key={each.name} value={each.name}>
            {each.name}
          </option>
        ))}
      </select>
      <label for={length}>Epochs</label>
      <input
        id={length}
        type="number"
        min={1}
        max={100000}
        placeholder="as planned"
        value={epochs}
        onInput={(event) => setEpochs(event.currentTarget.value)}
        data-testid="compression-epochs"
      />
      {sized && (
        <>
          <label for={largest}>File, kB</label>
          <input
            id={largest}
            type="number"
            min={0.1}
            step="any"
            placeholder="a 20th"
            value={kilobytes}
            onInput={(event) => setKilobytes(event.currentTarget.value)}
            data-testid="compression-kilobytes"
          />
        </>
      )}
      {timed && <LatencyFields latency={latency} change={setLatency} />}
      <button type="submit" class="button" disabled={busy} data-testid="compress">
        Compress
      </button>
      <p class="small">
        {plan.stages.map((stage) => words(String(stage["name"]))).join(", then ")}. Epochs are those of each training.
      </p>
      {problem && <Trouble problem={problem} again={start} />}
    </form>
  );
}

/** Milliseconds of an image at most, as they are typed, and the device that measures them. */
interface Latency {
  most: string;
  device: string;
}

const ANY_LATENCY: Latency = { most: "", device: "" };

/** How long an image may take, and on which of the devices that compute in integers. */
function LatencyFields({ latency, change }: { latency: Latency; change: (latency: Latency) => void }) {
  const { value } = useLoaded<{ items: { name: string; precision: string }[] }>("/v1/devices");
  const [most, where] = [useId(), useId()];
  const names = (value?.items ?? []).filter(({ precision }) => precision.startsWith("int8")).map(({ name }) => name);
  const device = latency.device || names[0] || "";
  if (!device) return null;
  return (
    <>
      <label for={most}>Latency, ms</label>
      <input
        id={most}
        type="number"
        min={0.000001}
        max={1000000}
        step="any"
        placeholder="any"
        value={latency.most}
        onInput={(event) => change({ most: event.currentTarget.value, device })}
        data-testid="compression-latency"
      />
      <label for={where}>Device</label>
      <select
        id={where}
        value={device}
        onChange={(event) => change({ ...latency, device: event.currentTarget.value })}
        data-testid="compression-device"
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}

const words = (name: string): string => title(name).toLowerCase();

function Compression({ live, compression }: { live: LiveSearch; compression: Export }) {
  const { preset, epochs, max_latency_ms: most, latency_device: device } = compression.compression ?? {};
  const state = live.compressions.value.get(compression.id) ?? compression.state;
  return (
    <article class="compression" data-testid="compression" data-state={state} data-preset={preset ?? ""}>
      <h4>
        {preset ?? "A plan of your own"}
        {epochs && <span class="tag">{epochs} {epochs === 1 ? "epoch" : "epochs"} a training</span>}
        {most != null && <span class="tag">at most {milliseconds(most)} on {device}</span>}
      </h4>
      {state === "QUEUED" && <p class="soft">It waits for a worker.</p>}
      {state === "RUNNING" && <Running live={live} id={compression.id} />}
      {state === "FAILED" && <p class="trouble lines">{compression.reason ?? "It has failed."}</p>}
      {compression.report && <Outcome report={compression.report} most={most} files={compression.files ?? []} />}
    </article>
  );
}

function Running({ live, id }: { live: LiveSearch; id: string }) {
  const now = live.exporting.value.get(id);
  return (
    <div role="status" data-testid="compression-progress">
      <p class="soft">{now ? title(now.stage) : "It begins."}</p>
      {now && <Progress done={now.done} total={now.total} label="Epochs trained" />}
    </div>
  );
}

interface OutcomeProps {
  report: CompressionReport;
  /** The milliseconds that were asked for, if any were. */
  most: number | null | undefined;
  files: NonNullable<Export["files"]>;
}

function Outcome({ report, most, files }: OutcomeProps) {
  return (
    <>
      <dl class="metrics" data-testid="compression-outcome">
        <div>
          <dt>compressed file</dt>
          <dd>
            {size(report.size_bytes)}, {significant(report.ratio)} times smaller
          </dd>
        </div>
        <div>
          <dt>test accuracy</dt>
          <dd>
            {percent(report.test_accuracy)}, before {percent(report.test_accuracy_before)}
          </dd>
        </div>
        {report.on_device?.latency_ms != null && (
          <div>
            <dt>latency</dt>
            <dd>
              {milliseconds(report.on_device.latency_ms)} measured{most != null && `, ${milliseconds(most)} asked for`}
            </dd>
          </div>
        )}
      </dl>
      <Stacks stages={report.stages} />
      <Layers layers={report.stages.at(-1)?.layers ?? []} />
      <div class="downloads">
        {files.map((file) => (
          <a
            key={file.sha256}
            class="button first"
            href={at(file.url ?? "")}
            download={file.file}
            title={file.file}
            data-testid={`download-${file.kind}`}
          >
            Download {file.kind === "naz" ? ".naz" : "ONNX"}
            <small> {size(file.size_bytes)}</small>
          </a>
        ))}
      </div>
    </>
  );
}

/** What each layer of the file has become, where they differ: density and bits. */
function Layers({ layers }: { layers: NonNullable<CompressionStage["layers"]> }) {
  if (layers.length < 2 || layers.every((layer) => layer.bits == null)) return null;
  return (
    <details data-testid="compression-layers">
      <summary>Layers</summary>
      <table>
        <thead>
          <tr>
            <th>layer</th>
            <th>weights</th>
            <th>density</th>
            <th>bits</th>
            <th>size</th>
          </tr>
        </thead>
        <tbody>
          {layers.map((layer) => (
            <tr key={layer.layer}>
              <td>{layer.layer}</td>
              <td>{whole(layer.weights)}</td>
              <td>{percent(layer.density, 0)}</td>
              <td>{layer.bits ?? "floats"}</td>
              <td>{size(layer.size_bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
