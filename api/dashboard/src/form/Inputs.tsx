// One field of the form, as the control that its kind asks for.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Json } from "../api";
import { Words } from "../components/Words";
import { fault, shown, typed, valueAt, withValue, type Draft } from "./draft";
import type { Field } from "./schema";

export interface Editing {
  draft: Draft;
  change: (draft: Draft) => void;
  /** The problems of fields, by their names. */
  faults: ReadonlyMap<string, string>;
}

/** A value that may be taken, and what people call it. */
export interface Suggested {
  value: string;
  label: string;
}

interface LabelledProps {
  name: string;
  label: string;
  /** The problem of the field. */
  wrong: string | null | undefined;
  help: string;
  /** More of the help, for those who point at it. */
  more?: string;
  required?: boolean;
  kind?: "boolean" | undefined;
  control: (common: Common) => ComponentChildren;
}

/** What every control has: a label, and what is said of its value. */
type Common = Record<string, unknown> & { id: string };

export function Labelled({ name, label, wrong, help, more, required, kind, control }: LabelledProps) {
  const id = useId();
  const common = {
    id,
    "aria-invalid": wrong ? ("true" as const) : undefined,
    "aria-describedby": `${id}-about`,
    "data-testid": `field-${name}`,
  };
  return (
    <div class={kind ? `field ${kind}` : "field"}>
      <label class="label" for={id}>
        {label}
        {required && (
          <span class="needed" title="needed">
            {" "}
            *
          </span>
        )}
      </label>
      {control(common)}
      <span id={`${id}-about`}>
        {wrong && (
          <span class="fault" data-testid={`fault-${name}`}>
            {wrong}
          </span>
        )}
        {help && (
          <span class="help" title={more || undefined}>
            <Words text={help} />
          </span>
        )}
      </span>
    </div>
  );
}

interface SelectProps {
  common: Common;
  chosen: string;
  choose: (value: string) => void;
  /** Values with their texts; a chosen value that is not among them is shown as well, as `absent`. */
  options: readonly (readonly [string, string])[];
  absent?: string;
}

export function Select({ common, chosen, choose, options, absent = chosen }: SelectProps) {
  return (
    <select {...common} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
      {!options.some(([value]) => value === chosen) && <option value={chosen}>{absent}</option>}
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** What happens without a value, where no default says it. */
const LEFT_OUT: Record<string, string> = {
  "objective.target_latency_ms": "the median of the space",
  "space.resolution": "as the space has it",
};

export function FieldInput({
  field,
  editing,
  suggestions,
}: {
  field: Field;
  editing: Editing;
  suggestions?: readonly Suggested[];
}) {
  const value = valueAt(editing.draft, field.path);
  const wrong = editing.faults.get(field.name) ?? editing.faults.get(field.owner ?? "") ?? (value === undefined ? null : fault(field, value));
  const set = (next: Json | undefined) => editing.change(withValue(editing.draft, field.path, next));
  return (
    <Labelled
      name={field.name}
      label={field.label}
      wrong={wrong}
      help={[field.help, field.limits].filter(Boolean).join("; ")}
      more={field.when && `Change it: ${field.when}`}
      required={field.required}
      kind={field.kind === "boolean" ? "boolean" : undefined}
      control={(common) => <Control {...{ field, value, set, common, suggestions }} />}
    />
  );
}

interface ControlProps {
  field: Field;
  value: Json | undefined;
  set: (value: Json | undefined) => void;
  common: Common;
  suggestions: readonly Suggested[] | undefined;
}

function Control({ field, value, set, common, suggestions }: ControlProps) {
  if (field.kind === "boolean") {
    return (
      <input
        {...common}
        type="checkbox"
        checked={Boolean(value ?? field.fallback)}
        indeterminate={(value ?? field.fallback ?? null) === null} // neither yes nor no: the help says what is done
        onChange={(event) => set(event.currentTarget.checked)}
      />
    );
  }
  if (field.kind === "choice") {
    const options = field.options.map((option) => [option, option] as const);
    const none = field.required || field.fallback !== undefined ? [] : [["", "none"] as const];
    return (
      <Select
        common={common}
        chosen={shown(value ?? field.fallback)}
        choose={(next) => set(next || undefined)}
        options={[...none, ...options]}
      />
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
  const rest = { ...common, value: text, placeholder: shown(field.fallback) || LEFT_OUT[field.owner ?? field.name], onInput: input };
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
            <option key={each.value} value={each.value} label={each.label} />
          ))}
        </datalist>
      )}
    </>
  );
}
