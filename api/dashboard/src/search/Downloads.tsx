// Files of a trial, and the export of one that has none.
import { useEffect, useState } from "preact/hooks";
import { request, trialPath, type Artifact, type Export, type ModelFile, type Trial } from "../api";
import { Trouble } from "../components/states";
import { accuracy, size } from "../format";
import { at } from "../root";
import { useAction } from "../store/action";
import { mayWrite } from "../store/session";
import type { LiveSearch } from "../store/live";

type Download = Pick<Artifact, "kind" | "file" | "size_bytes" | "url">;

const WORDS: Record<string, string> = {
  QUEUED: "The export waits for a worker.",
  RUNNING: "The network is being trained and tested.",
  FAILED: "The export has failed.",
};

/** Kinds of files that are shown with what they came of. */
const OF_COMPRESSIONS = new Set(["naz", "unpacked"]);

export function Downloads({ live, trial, again }: { live: LiveSearch; trial: Trial; again: () => void }) {
  const [asked, setAsked] = useState<Partial<Export> | null>(null);
  const { problem, run } = useAction();
  const known = live.exports.value.get(trial.number) ?? null;
  const now = known ?? asked;
  useEffect(() => {
    if (known?.state === "SUCCEEDED") again(); // its file is among the trial's now
  }, [known?.state]);
  const start = () =>
    void run(async () => {
      const body = { format: "onnx", epochs: null };
      setAsked(await request<Export>(`${trialPath(trial.search_id, trial.number)}:export`, { method: "POST", body }));
      again();
    });
  const finalist = live.finalists.value.find((each) => each.trial === trial.number);
  const shipped = new Set((finalist?.files ?? []).map((file) => file.file));
  const own = trial.artifacts.filter((file) => !OF_COMPRESSIONS.has(file.kind) || shipped.has(file.file));
  const files: Download[] = own.length ? own : (finalist?.files ?? []).flatMap(artifact);
  const converted = (finalist?.files ?? []).filter((file) => file.format !== "onnx" && file.format !== "naz");
  const busy = now?.state === "QUEUED" || now?.state === "RUNNING";
  const missing = !files.some((file) => file.kind === "onnx");
  if (!files.length && trial.state !== "SUCCEEDED") return null;
  return (
    <div class="downloads">
      {files.map((file) => (
        <File key={file.file} file={file} />
      ))}
      {converted.map((file) => (
        <p class="small" key={file.file} data-testid="parity">
          In {file.runtime} the {file.format} file has {accuracy(file, "test_accuracy")} test accuracy; its
          scores differ from ONNX Runtime's by {file.max_abs_difference?.toExponential(1)} at most.
        </p>
      ))}
      {finalist?.note && <p class="small">{finalist.note}</p>}
      {finalist?.latency_note && <p class="small">{finalist.latency_note}</p>}
      {missing && mayWrite() && (
        <button type="button" class="button" onClick={start} disabled={busy} data-testid="export">
          Export this trial as ONNX
        </button>
      )}
      {missing && now?.state && now.state !== "SUCCEEDED" && (
        <p class={now.state === "FAILED" ? "trouble" : "soft"} role="status" data-testid="export-state">
          {WORDS[now.state] ?? now.state.toLowerCase()} {now.reason}
        </p>
      )}
      {missing && !now && (
        <p class="small">It is trained for as long as the finalists are, then tested through ONNX Runtime.</p>
      )}
      {problem && <Trouble problem={problem} again={start} />}
    </div>
  );
}

/** A finalist's file as an artifact, if it can be downloaded. */
function artifact({ format, file, size_bytes, url }: ModelFile): Download[] {
  return url ? [{ kind: format, file, size_bytes: size_bytes ?? 0, url }] : [];
}

function File({ file }: { file: Download }) {
  return (
    <a class="button first" href={at(file.url)} download={file.file} title={file.file} data-testid="trial-download">
      Download {file.kind === "onnx" ? "ONNX" : `.${file.kind}`}
      {file.size_bytes > 0 && <small> {size(file.size_bytes)}</small>}
    </a>
  );
}
