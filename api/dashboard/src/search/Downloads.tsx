// Files of a trial, and the export of one that has none.
import { useEffect, useState } from "preact/hooks";
import {
  artifactUrl,
  asProblem,
  request,
  trialPath,
  type Artifact,
  type Export,
  type Problem,
  type Trial,
} from "../api";
import { Trouble } from "../components/states";
import { size } from "../format";
import { mayWrite } from "../store/session";
import type { LiveSearch } from "../store/live";

const WORDS: Record<string, string> = {
  QUEUED: "The export waits for a worker.",
  RUNNING: "The network is being trained and tested.",
  FAILED: "The export has failed.",
};

export function Downloads({ live, trial, again }: { live: LiveSearch; trial: Trial; again: () => void }) {
  const [asked, setAsked] = useState<Partial<Export> | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const told = live.exports.value.get(trial.number) ?? null;
  const now = told ?? asked;
  useEffect(() => {
    if (told?.state === "SUCCEEDED") again(); // its file is among the trial's now
  }, [told?.state]);
  const start = async () => {
    setProblem(null);
    try {
      const body = { format: "onnx", epochs: null };
      setAsked(await request<Export>(`${trialPath(trial.search_id, trial.number)}:export`, { method: "POST", body }));
      again();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const files = trial.artifacts.filter((artifact) => artifact.kind === "onnx");
  const finalist = live.finalists.value.find((each) => each.trial === trial.number);
  if (!files.length && finalist && artifactUrl(finalist))
    files.push({
      kind: "onnx",
      file: finalist.file,
      sha256: finalist.sha256 ?? "",
      size_bytes: 0,
      url: artifactUrl(finalist)!,
    });
  const busy = now?.state === "QUEUED" || now?.state === "RUNNING";
  if (!files.length && trial.state !== "SUCCEEDED") return null;
  return (
    <div class="downloads">
      {files.map((file) => (
        <File key={file.sha256} file={file} />
      ))}
      {!files.length && mayWrite() && (
        <button type="button" class="button" onClick={() => void start()} disabled={busy} data-testid="export">
          Export this trial as ONNX
        </button>
      )}
      {!files.length && now?.state && now.state !== "SUCCEEDED" && (
        <p class={now.state === "FAILED" ? "trouble" : "soft"} role="status" data-testid="export-state">
          {WORDS[now.state] ?? now.state.toLowerCase()} {now.reason}
        </p>
      )}
      {!files.length && !now && (
        <p class="small">It is trained for as long as the finalists are, then tested through ONNX Runtime.</p>
      )}
      {problem && <Trouble problem={problem} again={() => void start()} />}
    </div>
  );
}

function File({ file }: { file: Artifact }) {
  const url = artifactUrl(file);
  if (!url) return null;
  return (
    <a class="button first" href={url} download={file.file} title={file.file} data-testid="trial-download">
      Download ONNX{file.size_bytes > 0 && <small> {size(file.size_bytes)}</small>}
    </a>
  );
}
