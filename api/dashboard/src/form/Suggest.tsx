// What fits the time at hand: a worker measures, and its suggestion fills the form.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { suggestionPath, type Json, type Offer, type Suggestion, type SuggestionResult } from "../api";
import { Trouble } from "../components/states";
import { about, count, duration, percent, significant } from "../format";
import { devicesIn, OF_EACH } from "./devices";
import { isObject, shown, valueAt, type Draft } from "./draft";
import { InquiryState, useInquiry } from "./Inquiry";
import type { Editing } from "./Inputs";
import type { Field } from "./schema";

/** The parameter of the address that names a suggestion. */
export const SUGGESTION = "suggestion";

/** The request for a draft: its images at any size, its device and its target. */
export function suggestionBody(draft: Draft, device: Field, hours: Json): Draft {
  const given = draft["dataset"] ?? "";
  const named: Draft = isObject(given) ? given : { name: given };
  const images = Object.entries(named).filter(([name]) => name !== "size");
  const target = valueAt(draft, OF_EACH.split("."));
  const aim: Draft = typeof target === "number" ? { target_latency_ms: target } : {};
  const chosen = devicesIn(draft)[0] ?? shown(device.fallback);
  return { dataset: Object.fromEntries(images.sort()), device: chosen, ...aim, hours }; // in order, as texts are compared
}

/** What the form begins with, given a suggestion that was asked for before. */
export function draftOf({ request: asked, result }: Suggestion): Draft {
  if (result) return result.spec as Draft;
  const target = asked.target_latency_ms;
  const aim: Draft = target == null ? {} : { target_latency_ms: target };
  return { dataset: asked.dataset as Json, device: asked.device ?? null, objective: { name: "constrained", ...aim } };
}

interface Props {
  device: Field;
  editing: Editing;
  /** With what the draft began. */
  begun: Suggestion | null;
}

export function SuggestPane({ device, editing, begun }: Props) {
  const { draft, change } = editing;
  const id = useId();
  const [hours, setHours] = useState(String(begun?.request.hours ?? 1));
  const body = JSON.stringify(suggestionBody(draft, device, Number(hours)));
  const { asked, stale, busy, problem, start } = useInquiry(begun, body, "/v1/suggestions", SUGGESTION);
  const several = devicesIn(draft).length > 1;
  const ready = !busy && !several && Number(hours) > 0;
  const enter = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it would start the search
    if (ready) start();
  };
  return (
    <section class="inquiry" data-testid="suggest">
      <header>
        <h2>What fits the time at hand?</h2>
        <span class="ask">
          <label for={id}>Hours</label>
          <input
            id={id}
            type="number"
            min="0"
            step="any"
            value={hours}
            onInput={(event) => setHours(event.currentTarget.value)}
            onKeyDown={enter}
            data-testid="hours"
          />
          <button type="button" class="button" disabled={!ready} onClick={start} data-testid="suggest-spec">
            Suggest
          </button>
        </span>
      </header>
      <p class="small">
        {several
          ? "For one device at a time: leave out the others, and add them again afterwards."
          : "For these images, this device and this target, networks are measured and trainings timed, a minute or two. Then the form is filled: space, size, trials and epochs."}
      </p>
      {problem && <Trouble problem={problem} again={start} />}
      {asked && (
        <InquiryState<Suggestion>
          key={asked.id}
          path={suggestionPath(asked.id)}
          id="suggestion"
          counted="Trainings timed"
          stale={stale}
          result={(result) => <Found {...{ result, draft, change }} fills={!stale && !(begun?.result && begun.id === asked.id)} />}
        />
      )}
    </section>
  );
}

interface FoundProps {
  result: SuggestionResult;
  draft: Draft;
  change: (draft: Draft) => void;
  /** Whether the form is filled without being asked to. */
  fills: boolean;
}

function Found({ result, draft, change, fills }: FoundProps) {
  const filled = { ...draft, ...(result.spec as Draft) };
  const same = JSON.stringify(filled) === JSON.stringify(draft);
  const first = useRef(fills);
  useEffect(() => {
    if (first.current) change(filled);
    first.current = false;
  }, []);
  return (
    <>
      <p data-testid="suggested">
        {sentence(result)}{" "}
        {same ? (
          <span class="soft">The form is filled with it.</span>
        ) : (
          <button type="button" class="link" onClick={() => change(filled)} data-testid="fill-form">
            Fill the form with it
          </button>
        )}
      </p>
      <ul>
        {result.notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <Offers rows={result.offers} />
      <p class="small">
        Bold: what was chosen, the largest pictures for which finalists have the epochs that they should have, or else those with
        the most. Latency: the fastest and the slowest of random networks. Within: how many of them meet the target. Epoch: one of
        the slowest of these. Epochs: how many fit for finalists, of those that they should have.
      </p>
    </>
  );
}

function sentence({ spec, seconds }: SuggestionResult): string {
  const of = (word: string, ...path: string[]) => {
    const number = valueAt(spec as Draft, path);
    return `${String(number)} ${word}${number === 1 ? "" : "s"}`;
  };
  const trials = `${of("trial", "max_trials")} of ${of("epoch", "evaluator", "epochs")}`;
  const finalists = `${of("finalist", "finalists", "count")} of ${of("epoch", "finalists", "epochs")}`;
  const long = about(seconds); // in the words of the form's own forecast
  return `${long.charAt(0).toUpperCase()}${long.slice(1)}: ${trials}, ${finalists}.`;
}

const HEADINGS: readonly (readonly [string, string])[] = [
  ["MACs", "multiply-adds of random networks, the least and the most"],
  ["latency, ms", "of random networks, the least and the most"],
  ["within", "share of random networks that meet the target"],
  ["epoch", "of the slowest network within the target, on all images, timed here"],
  ["epochs", "that fit for finalists, of those that they should have"],
];

function Offers({ rows }: { rows: readonly Offer[] }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Resolutions that were tried">
      <table data-testid="offers">
        <thead>
          <tr>
            <th scope="col">space</th>
            {HEADINGS.map(([heading, meaning]) => (
              <th key={heading} scope="col" class="number" title={meaning}>
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.resolution} class={row.chosen ? "chosen" : undefined}>
              <th scope="row">
                {row.space}, {row.resolution} px{row.chosen && <span class="unseen"> (chosen)</span>}
              </th>
              <td class="number">{row.macs.map(count).join(" – ")}</td>
              <td class="number">{row.latency_ms.map((ms) => significant(ms)).join(" – ")}</td>
              <td class="number">{percent(row.within_target, 0)}</td>
              <td class="number">{duration(row.epoch_s)}</td>
              <td class="number">
                {row.final_epochs} of {row.wanted_epochs}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
