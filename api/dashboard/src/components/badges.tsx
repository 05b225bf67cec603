// States and progress in words, colours and shapes.
import type { SearchItem, SearchState } from "../api";
import { about, duration } from "../format";

const WORDS: Record<SearchState, [string, string]> = {
  QUEUED: ["queued", "waits"],
  RUNNING: ["running", "moves"],
  PAUSING: ["pausing", "waits"],
  PAUSED: ["paused", "waits"],
  CANCELLING: ["cancelling", "waits"],
  CANCELLED: ["cancelled", "ends"],
  SUCCEEDED: ["finished", "good"],
  FAILED: ["failed", "bad"],
};
export const TERMINAL: ReadonlySet<string> = new Set(["CANCELLED", "SUCCEEDED", "FAILED"]);

/** The state of a trial in words. */
export const trialWord = (state: string): string => (state === "PRUNED" ? "stopped early" : state.toLowerCase());

export function StateBadge({ state }: { state: string }) {
  const [word, kind] = WORDS[state as SearchState] ?? [state.toLowerCase(), "waits"];
  return (
    <span class={`state ${kind}`} data-testid="state" data-state={state}>
      {word}
    </span>
  );
}

const PHASES: Record<string, string> = {
  STARTING: "reading the images",
  TEACHING: "asking the teacher",
  MEASURING: "measuring kernels on the device",
  MEASURING_NETWORKS: "measuring random networks on the device",
  TIMING: "timing trainings",
  PREPARING: "preparing the evaluator",
  CHECKING: "checking the order by shared weights",
  TRAINING: "training candidates",
  REPEATS: "training the best again, with other seeds",
  BASELINE: "training random draws to compare with",
  REFERENCES: "training reference networks",
  FINALISTS: "training finalists for longer",
  WAITING_FOR_WORKERS: "waiting for workers",
};

export const phase = (name: string | null): string | null =>
  name ? (PHASES[name] ?? name.toLowerCase().replaceAll("_", " ")) : null;

export function Labels({ labels }: { labels: Record<string, string> }) {
  return (
    <>
      {Object.entries(labels).map(([key, value]) => (
        <span key={key} class="tag">
          {key}
          {value && `: ${value}`}
        </span>
      ))}
    </>
  );
}

/** A bar of which done out of total is filled. */
export function Bar({ done, total, label }: { done: number; total: number; label: string }) {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <span
      class="track"
      role="progressbar"
      aria-valuenow={done}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-label={label}
    >
      <span class="fill" style={{ width: `${100 * share}%` }} />
    </span>
  );
}

/** Trials ended, of those wanted. */
export function Progress({ done, total, label }: { done: number; total: number; label?: string }) {
  return (
    <span class="progress">
      <Bar done={done} total={total} label={label ?? "Trials ended"} />
      <span class="figure">
        {done}
        <span class="soft"> / {total}</span>
      </span>
    </span>
  );
}

/** How long it took, or will still take. */
export function Remaining({ search }: { search: SearchItem }) {
  if (TERMINAL.has(search.state)) {
    const [start, end] = [search.started_at, search.ended_at].map((time) => (time ? Date.parse(time) / 1000 : null));
    return start && end ? <>took {duration(end - start)}</> : null;
  }
  if (search.state !== "RUNNING" || !search.eta_seconds) return null;
  return <>{about(search.eta_seconds)} left</>;
}
