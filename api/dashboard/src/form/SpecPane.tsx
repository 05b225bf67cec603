// The draft as JSON, which may be edited or pasted; what the service says of it; and the button.
import { useState } from "preact/hooks";
import type { FieldError, Problem } from "../api";
import { Trouble } from "../components/states";
import { about, magnitude, whole } from "../format";
import type { Check } from "./check";
import { parsed, type Draft } from "./draft";

interface Props {
  draft: Draft;
  change: (draft: Draft) => void;
  check: Check;
  /** Errors that no field of the form shows. */
  rest: readonly FieldError[];
  busy: boolean;
  problem: Problem | null;
  submit: () => void;
  action: string;
}

export function SpecPane({ draft, change, check, rest, busy, problem, submit, action }: Props) {
  const [typed, setTyped] = useState({ text: "", wrong: null as string | null, draft: null as Draft | null });
  const { text, wrong } = typed.draft === draft ? typed : { text: JSON.stringify(draft, null, 2), wrong: null };
  const input = (event: { currentTarget: { value: string } }) => {
    const next = event.currentTarget.value;
    const read = parsed(next);
    if (typeof read === "string") return setTyped({ text: next, wrong: read, draft });
    setTyped({ text: next, wrong: null, draft: read });
    change(read);
  };
  return (
    <aside class="spec-pane">
      <label class="label" for="spec-json">
        The search as JSON
      </label>
      <textarea
        id="spec-json"
        class="spec-json"
        value={text}
        onInput={input}
        rows={18}
        spellcheck={false}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby="spec-said"
        data-testid="spec-json"
      />
      <div
        id="spec-said"
        class="spec-said"
        role="status"
        data-testid="check"
        data-valid={String(Boolean(check.valid) && !check.busy && !wrong)}
      >
        {wrong ? <p class="fault">{wrong}</p> : <Said check={check} rest={rest} />}
      </div>
      {problem && <Trouble problem={problem} />}
      <button
        type="submit"
        class="button first large"
        disabled={busy || wrong !== null || (!check.valid && !check.busy)}
        onClick={submit}
        data-testid="submit"
      >
        {busy ? "Submitting …" : action}
      </button>
      <p class="small">
        The same JSON goes to <code>POST /v1/searches</code>, and as YAML to <code>nas run</code>.
      </p>
    </aside>
  );
}

function Said({ check, rest }: { check: Check; rest: readonly FieldError[] }) {
  const { valid, problem, busy } = check;
  if (problem) {
    const inForm = problem.errors.length - rest.length;
    return (
      <>
        {rest.map((error) => (
          <p key={error.field + error.message} class="fault">
            <strong>{error.field}</strong> {error.message}
          </p>
        ))}
        {inForm > 0 && <p class="fault">{inForm === 1 ? "One field needs" : `${inForm} fields need`} attention.</p>}
        {!problem.errors.length && <p class="fault lines">{problem.detail || problem.title}</p>}
      </>
    );
  }
  if (!valid) return <p class="soft">{busy ? "Checking …" : ""}</p>;
  if (busy) return <p class="soft">Checking …</p>;
  return (
    <>
      {valid.foreseen.map((note) => (
        <p key={note} class="notice" data-testid="foreseen">
          {note}
        </p>
      ))}
      <p class={valid.foreseen.length ? undefined : "fine"}>
        {valid.foreseen.length ? "It can be submitted all the same" : "Ready"}: {whole(valid.estimate.trials)} trials of the {magnitude(valid.space.size)} architectures in{" "}
        <strong>{valid.space.name}</strong>
        {valid.estimate.seconds ? <>, {about(valid.estimate.seconds)} in all</> : null}.
      </p>
      {valid.notes.map((note) => (
        <p key={note} class="small" data-testid="note">
          {note}
        </p>
      ))}
    </>
  );
}
