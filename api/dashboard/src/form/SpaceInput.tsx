// A known space by its name, or one of the user's own as JSON.
import { useId } from "preact/hooks";
import { FieldInput, type Editing } from "./Inputs";
import type { Field } from "./schema";

const OWN = " own";
/** A space to start from: one stage of convolutions. */
const SKETCH = {
  name: "mine",
  resolution: 28,
  stem: { width: 16, kernel: 3, stride: 1 },
  stages: [{ blocks: ["conv", "mbconv"], layers: [1, 2], width: [24, 32], stride: 2 }],
};
const FIELD: Field = {
  path: ["space"],
  name: "space",
  label: "Space of your own",
  kind: "json",
  help: "as in a space file",
  required: true,
  fallback: undefined,
  options: [],
  range: {},
  limits: "",
};

export function SpaceInput({ spaces, help, editing }: { spaces: readonly string[]; help: string; editing: Editing }) {
  const id = useId();
  const value = editing.draft["space"] ?? "small";
  const own = typeof value !== "string";
  const wrong = own ? undefined : editing.faults.get("space");
  const choose = (name: string) => editing.change({ ...editing.draft, space: name === OWN ? SKETCH : name });
  return (
    <div class="plugin">
      <div class="field">
        <label class="label" for={id}>
          Space
        </label>
        <select
          id={id}
          value={own ? OWN : value}
          onChange={(event) => choose(event.currentTarget.value)}
          aria-invalid={wrong ? "true" : undefined}
          aria-describedby={`${id}-about`}
          data-testid="field-space"
        >
          {!own && !spaces.includes(value) && <option value={value}>{value}</option>}
          {spaces.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          <option value={OWN}>your own …</option>
        </select>
        <span id={`${id}-about`}>
          {wrong && <span class="fault">{wrong}</span>}
          <span class="help">{help}</span>
        </span>
      </div>
      {own && <FieldInput field={FIELD} editing={editing} />}
    </div>
  );
}
