// A value that is fetched: not there yet, there, or refused; with a way to ask again.
import { useCallback, useEffect, useState } from "preact/hooks";
import { asProblem, request, type Problem } from "../api";

export interface Loaded<T> {
  value: T | null;
  problem: Problem | null;
  again: () => void;
}

/** What is at path, fetched when it changes or when asked again. keep: the value of an earlier path stays meanwhile. */
export function useLoaded<T>(path: string | null, keep = false): Loaded<T> {
  const [found, setFound] = useState<{ path: string | null; value: T | null; problem: Problem | null }>({
    path,
    value: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    request<T>(path, { signal: stop.signal }).then(
      (value) => setFound({ path, value, problem: null }),
      (error: unknown) =>
        stop.signal.aborted ||
        setFound((old) => ({ path, value: keep || old.path === path ? old.value : null, problem: asProblem(error) })),
    );
    return () => stop.abort();
  }, [path, turn]);
  const again = useCallback(() => setTurn((old) => old + 1), []);
  const current = found.path === path;
  return { value: keep || current ? found.value : null, problem: current ? found.problem : null, again };
}

/** Call tick every so often while the page is visible, and at once when it becomes visible again. */
export function useWhileVisible(tick: () => void, everyMs: number): void {
  useEffect(() => {
    const turn = () => document.visibilityState === "visible" && tick();
    const timer = setInterval(turn, everyMs);
    document.addEventListener("visibilitychange", turn);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", turn);
    };
  }, [tick, everyMs]);
}
