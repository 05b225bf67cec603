// One field of the form, as the control that its kind asks for.
import { useEffect, useId, useState } from "preact/hooks";
import type { Json } from "../api";
import { fault, shown, typed, valueAt, withValue, type Draft } from "./draft";
import type { Field } from "./schema";

export interface Editing {
  draft: Draft;
  change: (draft: Draft) => void;
  /** The problems of fields, by their names. */
  faults: ReadonlyMap<string, string>;
}

/** What happens without a value, where no default says it. */
const LEFT_OUT: Record<string, string> = { "objective.target_latency_ms": "the median of the space" };

export function FieldInput({
  field,
  editing,
  suggestions,
}: {
  field: Field;
  editing: Editing;
  suggestions?: readonly string[];
}) {
  const id = useId();
  const value = valueAt(editing.draft, field.path);
  const wrong = editing.faults.get(field.name) ?? (value === undefined ? null : fault(field, value));
  const set = (next: Json | undefined) => editing.change(withValue(editing.draft, field.path, next));
  const about = [field.help, field.limits].filter(Boolean).join("; ");
  const common = {
    id,
    "aria-invalid": wrong ? ("true" as const) : undefined,
    "aria-describedby": `${id}-about`,
    "data-testid": `field-${field.name}`,
  };
  return (
    <div class={field.kind === "boolean" ? "field boolean" : "field"}>
      <label class="label" for={id}>
        {field.label}
        {field.required && (
          <span class="needed" title="needed">
            {" "}
            *
          </span>
        )}
      </label>
      <Control field={field} value={value} set={set} common={common} suggestions={suggestions} />
      <span id={`${id}-about`}>
        {wrong && (
          <span class="fault" data-testid={`fault-${field.name}`}>
            {wrong}
          </span>
        )}
        {about && <span class="help">{about}</span>}
      </span>
    </div>
  );
}

interface ControlProps {
  field: Field;
  value: Json | undefined;
  set: (value: Json | undefined) => void;
  common: Record<string, unknown> & { id: string };
  suggestions: readonly string[] | undefined;
}

function Control({ field, value, set, common, suggestions }: ControlProps) {
  if (field.kind === "boolean") {
    return (
      <input
        {...common}
        type="checkbox"
        checked={Boolean(value ?? field.fallback)}
        onChange={(event) => set(event.currentTarget.checked)}
      />
    );
  }
  if (field.kind === "choice") {
    const chosen = shown(value ?? field.fallback);
    return (
      <select {...common} value={chosen} onChange={(event) => set(event.currentTarget.value)}>
        {!field.options.includes(chosen) && <option value={chosen}>{chosen}</option>}
        {field.options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    );
  }
  return <TextControl {...{ field, value, set, common, suggestions }} />;
}

/** Keeps the text as it is typed: "0." may become a number. */
function TextControl({ field, value, set, common, suggestions }: ControlProps) {
  const [text, setText] = useState(shown(value));
  useEffect(() => {
    if (shown(typed(field, text)) !== shown(value)) setText(shown(value));
  }, [value]);
  const input = (event: { currentTarget: { value: string } }) => {
    setText(event.currentTarget.value);
    set(typed(field, event.currentTarget.value));
  };
  const rest = { ...common, value: text, placeholder: shown(field.fallback) || LEFT_OUT[field.name], onInput: input };
  if (field.kind === "json")
    return <textarea {...rest} rows={field.fallback && shown(field.fallback).length > 60 ? 4 : 2} spellcheck={false} />;
  const numeric = field.kind !== "text";
  return (
    <>
      <input
        {...rest}
        type="text"
        inputMode={numeric ? "decimal" : undefined}
        list={suggestions?.length ? `${common.id}-list` : undefined}
        autocomplete="off"
      />
      {suggestions && suggestions.length > 0 && (
        <datalist id={`${common.id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </>
  );
}
