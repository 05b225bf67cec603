// All trials as a table: the plot's numbers, sortable. Only the rows in sight are in the document.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { query, setQuery } from "../router";
import { ordered, type Show, type SortKey } from "../store/order";
import type { LiveSearch } from "../store/live";
import { metrics } from "../store/metrics";
import { ColumnChooser } from "./ColumnChooser";
import { chosen, columnsOf, type Column } from "./columns";

const ROW_PX = 36;
const SPARE = 8;

const SHOWN: [Show, string][] = [
  ["all", "all trials"],
  ["front", "on the front"],
  ["running", "in training"],
  ["pruned", "stopped early"],
  ["failed", "failed"],
];

/** What the address says of order and rows: ?sort=-accuracy&show=front. A link shows what its sender saw. */
function asked(address: URLSearchParams): { sort: { key: SortKey; down: boolean }; show: Show } {
  const sort = address.get("sort") ?? "-number";
  const show = address.get("show");
  return {
    sort: { key: sort.replace(/^-/, ""), down: sort.startsWith("-") },
    show: SHOWN.find(([value]) => value === show)?.[0] ?? "all",
  };
}

interface Props {
  live: LiveSearch;
  selected: number | null;
  select: (trial: number) => void;
}

export function TrialsTable({ live, selected, select }: Props) {
  const { sort, show } = asked(query.value);
  const { columns, front } = live.table;
  const onFront = useMemo(() => new Set(front.map((point) => point.trial)), [front]);
  const rows = useMemo(
    () => ordered(columns, sort.key, sort.down, show, onFront),
    [live.revision.value, sort.key, sort.down, show, onFront],
  );
  const { box, first, last, reveal } = useWindow(rows.length);
  const at = selected === null ? -1 : rows.findIndex((row) => columns.number[row] === selected);
  useEffect(() => reveal(at), [selected]);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || !rows.length) return;
    event.preventDefault();
    const next = rows[Math.min(Math.max((at < 0 ? -1 : at) + by, 0), rows.length - 1)]!;
    select(columns.number[next]!);
  };
  const all = columnsOf(metrics.value, live.search.value!);
  const heads = chosen(all, query.value.get("columns"));
  const sortBy = ({ key, rising }: Column) => {
    const down = sort.key === key ? !sort.down : !rising;
    setQuery("sort", `${down ? "-" : ""}${key}`);
  };
  return (
    <section class="trials" aria-labelledby="trials-title">
      <div class="page-head">
        <h2 id="trials-title">Trials</h2>
        <span class="soft">{rows.length}</span>
        <span class="grow" />
        <select
          aria-label="Which trials"
          value={show}
          onChange={(event) => setQuery("show", event.currentTarget.value)}
          data-testid="show"
        >
          {SHOWN.map(([value, said]) => (
            <option key={value} value={value}>
              {said}
            </option>
          ))}
        </select>
        <ColumnChooser all={all} shown={heads} />
      </div>
      <div
        class="scroll"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label="Trials; arrow keys move the selection"
        onKeyDown={move}
      >
        <table aria-rowcount={rows.length + 1} data-testid="trials">
          <thead>
            <tr aria-rowindex={1}>
              {heads.map((head) => (
                <th
                  key={head.key}
                  scope="col"
                  class={head.wide ? "wide" : head.key === "state" ? "of-state" : undefined}
                  aria-sort={sort.key === head.key ? (sort.down ? "descending" : "ascending") : undefined}
                >
                  <button type="button" onClick={() => sortBy(head)}>
                    {head.heading}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <tr aria-hidden="true" style={{ height: `${first * ROW_PX}px` }} />}
            {rows.slice(first, last).map((row, i) => {
              const number = columns.number[row]!;
              return (
                <tr
                  key={number}
                  aria-rowindex={first + i + 2}
                  aria-selected={number === selected}
                  class={number === selected ? "selected" : undefined}
                  onClick={() => select(number)}
                  data-testid="trial-row"
                  data-trial={number}
                >
                  {heads.map(({ key, wide, show: text }) => (
                    <td
                      key={key}
                      class={
                        [wide && "wide", key === "state" && `trial-state ${columns.state[row]!.toLowerCase()}`]
                          .filter(Boolean)
                          .join(" ") || undefined
                      }
                    >
                      {key === "number" ? (
                        <>
                          {text(columns, row)}
                          {onFront.has(number) && (
                            <span class="badge" title="on the Pareto front">
                              front
                            </span>
                          )}
                        </>
                      ) : (
                        text(columns, row)
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
            {last < rows.length && <tr aria-hidden="true" style={{ height: `${(rows.length - last) * ROW_PX}px` }} />}
          </tbody>
        </table>
        {!rows.length && (
          <p class="nothing">
            {columns.number.length
              ? "No trial is like that."
              : "No trial: candidates are asked for once a search has started, and those over a limit are not listed."}
          </p>
        )}
      </div>
    </section>
  );
}

/** Which rows of a scrolled box are in sight. */
function useWindow(length: number) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(480);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const scroll = () => setTop(Math.floor(element.scrollTop / ROW_PX));
    element.addEventListener("scroll", scroll, { passive: true });
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", scroll);
      observer.disconnect();
    };
  }, []);
  const reveal = (index: number) => {
    const element = box.current;
    if (!element || index < 0) return;
    const [from, to] = [index * ROW_PX, (index + 2) * ROW_PX]; // a row below, for the head that stays
    if (from < element.scrollTop) element.scrollTop = from;
    else if (to > element.scrollTop + element.clientHeight) element.scrollTop = to - element.clientHeight;
  };
  const first = Math.max(0, Math.min(top, length) - SPARE);
  return { box, first, last: Math.min(length, top + Math.ceil(height / ROW_PX) + SPARE), reveal };
}
