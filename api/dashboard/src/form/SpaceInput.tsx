// A known space by its name, with what is changed of it, or one of the user's own as JSON.
import { knownSpace, withName } from "./draft";
import { FieldInput, Labelled, Select, type Editing } from "./Inputs";
import { Folded } from "./PluginInput";
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

/** The change that is always in sight. */
const FIRST = "space.resolution";

interface Props {
  spaces: readonly string[];
  changes: readonly Field[];
  help: string;
  editing: Editing;
}

export function SpaceInput({ spaces, changes, help, editing }: Props) {
  const known = knownSpace(editing.draft, spaces);
  const options = [...spaces.map((name) => [name, name] as const), [OWN, "your own …"] as const];
  const choose = (name: string) => editing.change({ ...editing.draft, space: name === OWN ? SKETCH : name });
  return (
    <div class="plugin">
      <Labelled
        name="space"
        label="Space"
        wrong={known === null ? undefined : editing.faults.get("space")}
        help={help}
        control={(common) => <Select common={common} chosen={known ?? OWN} choose={choose} options={options} />}
      />
      {known === null ? (
        <FieldInput field={FIELD} editing={{ ...editing, faults: new Map([["space", faultsInside(editing)]]) }} />
      ) : (
        <Changes {...{ known, changes, editing }} />
      )}
    </div>
  );
}

function Changes({ known, changes, editing }: Pick<Props, "changes" | "editing"> & { known: string }) {
  const inside: Editing = { ...editing, change: (draft) => editing.change(withName(draft, "space", known)) };
  return (
    <>
      {changes
        .filter((field) => field.name === FIRST)
        .map((field) => (
          <FieldInput key={field.name} field={field} editing={inside} />
        ))}
      <Folded said={`More of ${known}`} fields={changes.filter((field) => field.name !== FIRST)} editing={inside} />
    </>
  );
}

/** What is wrong with a space that is written out, at any depth of it. */
function faultsInside({ faults }: Editing): string {
  const inside = [...faults].filter(([name]) => name === "space" || name.startsWith("space."));
  return inside.map(([name, said]) => (name === "space" ? said : `${name.slice("space.".length)}: ${said}`)).join("; ");
}
