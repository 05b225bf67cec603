// What a button or form starts: at most one at a time, and the problem if it fails.
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "../api";

export interface Action {
  busy: boolean;
  problem: Problem | null;
  forget: () => void;
  run: (action: () => Promise<unknown>) => Promise<void>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (action: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  return { busy, problem, forget: () => setProblem(null), run };
}
