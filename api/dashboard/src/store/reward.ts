// Curves of equal reward: the accuracy that earns a reward at a latency, for the objectives whose reward bends.
import { finite } from "../format";

export type Accuracy = (reward: number, latency: number) => number;

type Objective = { name: string; [parameter: string]: unknown };

/** The inverse of the objective's reward; null where equal reward is equal accuracy, or nothing is known yet. */
export function accuracyFor(objective: Objective | null | undefined, target: number | null): Accuracy | null {
  const alpha = finite(objective?.["alpha"]);
  const beta = finite(objective?.["beta"]);
  if (!objective || !target || beta === null) return null;
  if (objective.name === "mnasnet" && alpha !== null) {
    return (reward, latency) => reward * (latency / target) ** -(latency <= target ? alpha : beta);
  }
  if (objective.name === "tunas") {
    return (reward, latency) => reward - beta * Math.abs(latency / target - 1);
  }
  return null;
}
