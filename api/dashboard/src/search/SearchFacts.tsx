// What the results depend on: data, space, device, objective; and the spec as it was submitted.
import type { ObjectiveFacts } from "../api";
import { Code } from "../components/Code";
import { Rows, type Row } from "../components/Rows";
import { dimensions, finite, magnitude, milliseconds, number, percent, shown, significant, whole } from "../format";
import type { LiveSearch } from "../store/live";
import { at } from "../root";
import { metrics } from "../store/metrics";

const MAX_CLASSES = 12;
const listed = (names: string[]) => names.slice(0, MAX_CLASSES).join(", ") + (names.length > MAX_CLASSES ? " …" : "");
const threads = (count: number) => `${count} thread${count === 1 ? "" : "s"}`;

/** A limit of the objective: the most that a metric may be, or the least where more of it is better. */
function limit([name, value]: [string, number]): Row {
  const metric = metrics.value.find((each) => each.name === name);
  if (!metric) return [name, significant(value)];
  return [metric.label, `at ${metric.better === "lower" ? "most" : "least"} ${shown(metric, value)}`];
}

export function SearchFacts({ live }: { live: LiveSearch }) {
  const { facts, spec } = live.search.value!;
  const { dataset, space, device, devices, searcher, evaluator, objective, teacher, warm_start: begun } = facts ?? {};
  const groups: [string, Row[]][] = [];
  if (dataset) {
    groups.push([
      "Data",
      [
        ["name", dataset.name],
        [
          "images",
          `${whole(dataset.train)} to train, ${whole(dataset.validation)} to validate, ${whole(dataset.test)} to test`,
        ],
        ["size", `${dimensions([dataset.side, dataset.side])} px, ${dataset.channels === 1 ? "grey" : "colour"}`],
        ["classes", `${dataset.classes.length}: ${listed(dataset.classes)}`],
        ...(dataset.notes ?? []).map((note): Row => ["note", note.text]),
      ],
    ]);
  }
  for (const one of devices ?? (device ? [device] : [])) {
    groups.push([
      "Device",
      [
        ["name", one.name],
        ...("target_latency_ms" in one ? [["target", milliseconds(finite(one.target_latency_ms))] as Row] : []),
        [
          "runtime",
          [`${one.runtime} ${one.runtime_version}`, one.precision, threads(one.threads)].join(", "),
        ],
        ["processor", one.cpu],
        ["latency is", one.statistic],
      ],
    ]);
  }
  if (space)
    groups.push([
      "Space",
      [
        ["name", space.name],
        ["architectures", magnitude(space.size)],
        ["hypervolume found", number(live.hypervolume.value)],
      ],
    ]);
  if (objective) {
    const own = Object.entries(objective).filter(([key, value]) => key.startsWith("max_") && value !== null);
    const limits = Object.entries(((objective as ObjectiveFacts)["limits"] ?? {}) as Record<string, number>);
    groups.push([
      "Objective",
      [
        ["name", objective.name],
        ["formula", objective.formula ?? ""],
        ...(devices ? [] : [["target", milliseconds(objective.target_latency_ms)] as Row]),
        ...own.map(([key, value]): Row => [key, typeof value === "number" ? significant(value) : String(value)]),
        ...limits.map(limit),
      ],
    ]);
  }
  if (teacher) {
    const who = [teacher.trials && "trials", teacher.finalists && "finalists and references"].filter(Boolean);
    groups.push([
      "Teacher",
      [
        ["name", teacher.name],
        ["accuracy", `${percent(teacher.accuracy, 1)} of ${whole(teacher.images)} validation images`],
        ["95 % interval", `${percent(teacher.accuracy_low, 1)} to ${percent(teacher.accuracy_high, 1)}`],
        ["followed by", who.join(", ")],
        ["share of the loss", `${percent(teacher.weight, 0)}, at temperature ${significant(teacher.temperature)}`],
        ...teacher.notes.map((note): Row => ["note", note]),
      ],
    ]);
  }
  if (begun?.searches.length) {
    const worth = (same: boolean) => (same ? "not trained again" : "another task, as a hint");
    groups.push([
      "Warm start",
      begun.searches.map(({ id, name, trainings, same }): Row => [
        `${whole(trainings)} trainings`,
        <>
          <a href={at(`/searches/${id}`)}>{name}</a>, {worth(same)}
        </>,
      ]),
    ]);
  }
  return (
    <section class="facts" aria-labelledby="facts-title">
      <h2 id="facts-title">Conditions</h2>
      {searcher?.note && <p class="notice">{searcher.note}</p>}
      {evaluator && (
        <p class="notice">
          Accuracy of trials: {evaluator.note}. Finalists are trained from {evaluator.start}.
        </p>
      )}
      {evaluator?.check?.said.map((line) => (
        <p key={line} class="notice">
          {line}
        </p>
      ))}
      {begun?.notes.map((note) => (
        <p key={note} class="notice">
          Warm start: {note}
        </p>
      ))}
      {objective?.note && <p class="notice">{objective.note}</p>}
      {!groups.length && <p class="soft">They are written down once the data set and the device are known.</p>}
      <div class="fact-groups">
        {groups.map(([title, rows]) => (
          <div key={`${title} ${String(rows[0]?.[1])}`}>
            <h3>{title}</h3>
            <Rows rows={rows} />
          </div>
        ))}
      </div>
      <details>
        <summary>The spec as submitted</summary>
        <Code text={JSON.stringify(spec, null, 2)} label="Spec" />
      </details>
    </section>
  );
}
