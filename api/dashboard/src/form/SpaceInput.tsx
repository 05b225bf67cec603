// A known space by its name, or one of the user's own as JSON.
import { FieldInput, Labelled, Select, type Editing } from "./Inputs";
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
  when: "",
  required: true,
  fallback: undefined,
  options: [],
  range: {},
  limits: "",
};

export function SpaceInput({ spaces, help, editing }: { spaces: readonly string[]; help: string; editing: Editing }) {
  const value = editing.draft["space"] ?? "small";
  const own = typeof value !== "string";
  const wrong = own ? undefined : editing.faults.get("space");
  const options = [...spaces.map((name) => [name, name] as const), [OWN, "your own …"] as const];
  const choose = (name: string) => editing.change({ ...editing.draft, space: name === OWN ? SKETCH : name });
  return (
    <div class="plugin">
      <Labelled
        name="space"
        label="Space"
        wrong={wrong}
        help={help}
        control={(common) => (
          <Select common={common} chosen={own ? OWN : value} choose={choose} options={options} />
        )}
      />
      {own && <FieldInput field={FIELD} editing={editing} />}
    </div>
  );
}
