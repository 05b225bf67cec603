// The figures of a run's report: the dashboard's own, drawn from the record that the page carries.
import { signal } from "@preact/signals";
import { render, type ComponentChild } from "preact";
import type { BaselineOut, Diagram, Finalist, ObjectiveFacts, Reference, Search } from "./api";
import { ParetoPlot } from "./charts/ParetoPlot";
import { RewardChart } from "./charts/RewardChart";
import { Network } from "./diagram/Network";
import { TrialTable } from "./store/columns";
import type { SearchView } from "./store/live";
import { startTheme } from "./theme";
import "./styles/charts.css";
import "./styles/diagram.css";

interface Drawn {
  columns: Record<string, unknown[]>;
  objective: ObjectiveFacts;
  devices?: NonNullable<Search["facts"]>["devices"];
  references: Reference[];
  baseline: BaselineOut | null;
  finalists: (Finalist & { diagram: Diagram })[];
}

const drawn: Drawn = JSON.parse(document.getElementById("drawn")!.textContent!);
const table = new TrialTable();
table.load(drawn.columns);
const view: SearchView = {
  table,
  search: signal({ facts: { objective: drawn.objective, devices: drawn.devices } } as Search),
  references: signal(drawn.references),
  finalists: signal(drawn.finalists),
  baseline: signal(drawn.baseline),
  revision: signal(0),
};

/** To the trial's row in the table below. */
function show(trial: number | null): void {
  if (trial !== null) location.hash = `trial-${trial}`;
}

const figures: Record<string, (place: HTMLElement) => ComponentChild> = {
  pareto: () => <ParetoPlot live={view} selected={null} select={show} />,
  reward: () => <RewardChart live={view} select={show} />,
  network: ({ dataset }) => {
    const finalist = drawn.finalists.find((each) => String(each.trial) === dataset["trial"])!;
    return <Network diagram={finalist.diagram} name={`Architecture of trial ${finalist.trial}`} />;
  },
};

/** Sort the body of a heading's table by its column; rows without a value stay at the end. */
function sortBy(head: HTMLTableCellElement): void {
  const body = head.closest("table")!.tBodies[0]!;
  const by = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentElement!.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", by > 0 ? "ascending" : "descending");
  const valueOf = (row: HTMLTableRowElement) => row.cells[head.cellIndex]!.dataset["value"];
  const rows = [...body.rows];
  rows.sort((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return by * (isNaN(+a) || isNaN(+b) ? a.localeCompare(b) : +a - +b);
  });
  body.append(...rows);
}

startTheme();
for (const place of document.querySelectorAll<HTMLElement>("[data-figure]")) {
  place.replaceChildren();
  render(figures[place.dataset["figure"]!]!(place), place);
}
for (const head of document.querySelectorAll<HTMLTableCellElement>("th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sortBy(head));
  head.append(button);
}
