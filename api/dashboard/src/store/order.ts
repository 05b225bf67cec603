// The rows of the trials table: which are shown, and in which order.
import { finite } from "../format";
import { valueOf, type Columns } from "./columns";

/** A fixed column, `seconds`, or the name of a metric. */
export type SortKey = string;
export type Show = "all" | "front" | "running" | "pruned" | "failed";

export const seconds = (columns: Columns, row: number): number | null => {
  const [start, end] = [columns.started_at[row], columns.ended_at[row]];
  return start == null || end == null ? null : Math.max(0, end - start);
};

/** Row indices in the wanted order; rows without a value come last in both directions, equals by trial number. */
export function ordered(
  columns: Columns,
  key: SortKey,
  descending: boolean,
  show: Show,
  front: ReadonlySet<number>,
): number[] {
  const { number, state } = columns;
  const kept = number
    .map((_, row) => row)
    .filter((row) => {
      if (show === "front") return front.has(number[row]!);
      if (show === "pruned") return state[row] === "PRUNED";
      if (show === "failed") return state[row] === "FAILED";
      return show === "all" || state[row] === "RUNNING";
    });
  if (key === "state") return kept.sort((a, b) => order(state[a]!, state[b]!, descending) || number[a]! - number[b]!);
  const value = (row: number) => {
    if (key === "seconds") return seconds(columns, row);
    return key === "number" || key === "reward" ? finite(columns[key][row]) : valueOf(columns, key, row);
  };
  const values = new Map(kept.map((row) => [row, value(row)]));
  return kept.sort((a, b) => {
    const [x, y] = [values.get(a) ?? null, values.get(b) ?? null];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || number[a]! - number[b]!;
    return order(x, y, descending) || number[a]! - number[b]!;
  });
}

function order<T extends number | string>(a: T, b: T, descending: boolean): number {
  if (a === b) return 0;
  return a < b !== descending ? -1 : 1;
}
