// The service's check of a draft, requested a moment after the last change.
import { useEffect, useState } from "preact/hooks";
import { asProblem, request, type Problem, type Validated } from "../api";
import type { Draft } from "./draft";

export interface Check {
  busy: boolean;
  valid: Validated | null;
  problem: Problem | null;
}

const PAUSE_MS = 400;

export function useCheck(draft: Draft | null): Check {
  const [found, setFound] = useState<Check>({ busy: true, valid: null, problem: null });
  useEffect(() => {
    if (!draft) return undefined;
    const stop = new AbortController();
    setFound((old) => ({ ...old, busy: true }));
    const timer = setTimeout(() => {
      request<Validated>("/v1/searches?validate_only=true", { method: "POST", body: draft, signal: stop.signal }).then(
        (valid) => setFound({ busy: false, valid, problem: null }),
        (error: unknown) => stop.signal.aborted || setFound({ busy: false, valid: null, problem: asProblem(error) }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [draft]);
  return found;
}
