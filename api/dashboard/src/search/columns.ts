// The columns of the trials table: which there are, and which the address asks for.
import type { Metric, Search } from "../api";
import { trialWord } from "../components/badges";
import { duration, MISSING, shown, significant } from "../format";
import { valueOf, type Columns } from "../store/columns";
import { devicesOf, split, withDevices } from "../store/devices";
import { FRONT } from "../store/front";
import { listed } from "../store/metrics";
import { seconds, type SortKey } from "../store/order";

export interface Column {
  key: SortKey;
  heading: string;
  /** Only where there is room. */
  wide?: boolean;
  /** Whether the least comes first when the column is chosen. */
  rising?: boolean;
  show: (columns: Columns, row: number) => string;
}

const ofMetric = (metric: Metric): Column => ({
  key: metric.name,
  heading: metric.heading,
  wide: !FRONT.includes(split(metric.name)[0]),
  rising: metric.better === "lower",
  show: (columns, row) => shown(metric, valueOf(columns, metric.name, row)),
});

/** The trial, the metrics of the front and the reward, then the other metrics. */
export function columnsOf(all: readonly Metric[], search: Search): Column[] {
  const known = withDevices(listed(all, search.spec), devicesOf(search)).map(ofMetric);
  return [
    { key: "number", heading: "trial", show: (c, row) => String(c.number[row]) },
    { key: "state", heading: "state", show: (c, row) => trialWord(c.state[row]!) },
    ...known.filter(({ wide }) => !wide),
    {
      key: "reward",
      heading: "reward",
      show: (c, row) => (c.reward[row] == null ? MISSING : significant(c.reward[row]!, 4)),
    },
    ...known.filter(({ wide }) => wide),
    {
      key: "seconds",
      heading: "time",
      wide: true,
      show: (c, row) => (c.reused[row] ? "reused" : duration(seconds(c, row))),
    },
  ];
}

/** The column that is always there. */
export const FIXED = "number";

/** Those that an address names (?columns=accuracy,macs), wherever there is room or not; all if it names none. */
export function chosen(columns: readonly Column[], named: string | null): readonly Column[] {
  if (named === null) return columns;
  const keys = new Set([FIXED, ...named.split(",")]);
  return columns.filter(({ key }) => keys.has(key)).map((column) => ({ ...column, wide: false }));
}

/** What an address says for these keys; null for all columns. */
export function naming(columns: readonly Column[], keys: ReadonlySet<SortKey>): string | null {
  const kept = columns.filter(({ key }) => key === FIXED || keys.has(key));
  return kept.length === columns.length ? null : kept.map(({ key }) => key).join(",");
}
