// A plugin and its parameters: those that matter first, the others folded.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { title } from "../format";
import { pluginName, withName, withPlugin, withValue } from "./draft";
import { FieldInput, Labelled, Select, type Editing, type Suggested } from "./Inputs";
import type { Field, Variant } from "./schema";

interface Props {
  family: string;
  help: string;
  variants: readonly Variant[];
  editing: Editing;
  /** The parameters that are always in sight. */
  first: readonly string[];
  fallback: string;
  /** What is chosen without one, where one may be left out. */
  none?: string;
  note?: (variant: string) => string;
  suggestions?: readonly Suggested[];
  children?: ComponentChildren;
}

export function PluginInput({ family, help, variants, editing, first, fallback, none, note, suggestions, children }: Props) {
  const name = pluginName(editing.draft, family) ?? fallback;
  const variant = variants.find((each) => each.name === name);
  const inSight = (field: Field) => field.required || first.includes(field.path[1] ?? "");
  const shown = variant?.fields.filter(inSight) ?? [];
  const folded = variant?.fields.filter((field) => !inSight(field)) ?? [];
  const wrong = editing.faults.get(family);
  const inside: Editing = { ...editing, change: (draft) => editing.change(withName(draft, family, name)) };
  const choose = (next: string) => {
    if (!next) return editing.change(withValue(editing.draft, [family], undefined));
    const fields = variants.find((each) => each.name === next)?.fields ?? [];
    editing.change(withPlugin(editing.draft, family, next, fields));
  };
  const [summary, ...more] = (variant?.summary ?? "").split("\n\n");
  return (
    <div class="plugin" data-testid={`plugin-${family}`}>
      <Labelled
        name={family}
        label={title(family)}
        wrong={wrong}
        help={summary || help}
        more={more.join("\n\n")}
        control={(common) => (
          <Select
            common={common}
            chosen={name}
            choose={choose}
            options={[
              ...(none ? [["", none] as const] : []),
              ...variants.map((each) => [each.name, each.name + (note?.(each.name) ?? "")] as const),
            ]}
            absent={name || "choose …"}
          />
        )}
      />
      {children}
      {shown.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          editing={inside}
          suggestions={field.path.at(-1) === "path" ? (suggestions ?? []) : []}
        />
      ))}
      <Folded said={`More of ${name}`} fields={folded} editing={inside} />
    </div>
  );
}

/** Fields that most leave as they are; unfolded where one is at fault or set. */
export function Folded({ said, fields, editing }: { said: string; fields: readonly Field[]; editing: Editing }) {
  const [open, setOpen] = useState(false); // also where a fault has opened it, until it is closed by hand
  if (!fields.length) return null;
  const wrong = fields.some((field) => editing.faults.has(field.name));
  return (
    <details class="more" open={wrong || open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {said} ({fields.length})
      </summary>
      <div class="fields">
        {fields.map((field) => (
          <FieldInput key={field.name} field={field} editing={editing} />
        ))}
      </div>
    </details>
  );
}
