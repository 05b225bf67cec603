// One device or several: a choice each, and a way to add and to leave out.
import { FieldInput, Labelled, Select, type Editing } from "./Inputs";
import { devicesIn, withDevices } from "./devices";
import { shown } from "./draft";
import type { Field } from "./schema";

/** As many as a search may have. */
const MOST = 8;

export function DevicesInput({ field, editing }: { field: Field; editing: Editing }) {
  const chosen = devicesIn(editing.draft);
  const [first] = chosen.length ? chosen : [shown(field.fallback)];
  const names = [first ?? "", ...chosen.slice(1)];
  const left = field.options.filter((name) => !names.includes(name));
  const change = (next: string[]) => editing.change(withDevices(editing.draft, next));
  return (
    <>
      {names.length === 1 ? (
        <FieldInput field={field} editing={editing} />
      ) : (
        names.map((name, i) => (
          <Labelled
            key={name}
            name={`devices.${i}`}
            label={`Device ${i + 1}`}
            wrong={i ? null : editing.faults.get("devices")}
            help={i ? "" : "each has a target and a front of its own"}
            control={(common) => (
              <span class="beside">
                <Select
                  common={common}
                  chosen={name}
                  choose={(next) => change(names.map((each, j) => (j === i ? next : each)))}
                  options={[name, ...left].map((each) => [each, each] as const)}
                />
                <button type="button" class="link" onClick={() => change(names.filter((each) => each !== name))}>
                  Leave out
                </button>
              </span>
            )}
          />
        ))
      )}
      {left.length > 0 && names.length < MOST && (
        <button
          type="button"
          class="link add"
          data-testid="add-device"
          onClick={() => change([...names, left[0]!])}
        >
          Add a device to the same search
        </button>
      )}
    </>
  );
}
