// The fields of a search in an order that a reader can follow.
import type { Datasets, Suggestion, Uploaded } from "../api";
import { variantsOf, fieldOf, fieldsOf, namesOf, spaceChanges, type Field, type Schema, type Variant } from "./schema";
import { devicesIn, forEach } from "./devices";
import { DevicesInput } from "./DevicesInput";
import { FieldInput, type Editing } from "./Inputs";
import { Folded, PluginInput } from "./PluginInput";
import { SuggestPane } from "./Suggest";
import { SpaceInput } from "./SpaceInput";
import { TeacherFile } from "./TeacherFile";
import { Upload } from "./Upload";

const FAMILIES = ["dataset", "objective", "searcher", "evaluator", "pruner"];
const PLAIN = ["name", "max_trials", "parallel", "finalists.count", "finalists.epochs"];

export interface Form {
  families: Record<string, Variant[]>;
  fallbacks: Record<string, string>;
  plain: Field[];
  device: Field;
  teacher: Field[];
  folded: Field[];
  spaces: string[];
  /** What may be changed of a known space. */
  changes: Field[];
  names: string[];
  help: Record<string, string>;
}

export function formOf(root: Schema): Form {
  const families = Object.fromEntries(FAMILIES.map((family) => [family, variantsOf(root, family)]));
  const devices = namesOf(root, "device");
  const plainDevice = fieldOf(root.properties?.["device"] ?? {}, ["device"], root, false);
  const device: Field = devices.length ? { ...plainDevice, kind: "choice", options: devices } : plainDevice;
  const own = fieldsOf(
    {
      properties: Object.fromEntries(
        Object.entries(root.properties ?? {}).filter(
          ([name]) => !FAMILIES.includes(name) && !["space", "device", "devices"].includes(name),
        ),
      ),
    },
    [],
    root,
  );
  const plain = PLAIN.flatMap((name) => own.find((field) => field.name === name) ?? []);
  const teacher = own.filter((field) => field.path[0] === "teacher");
  const folded = own.filter((field) => !plain.includes(field) && !teacher.includes(field));
  const changes = spaceChanges(root);
  const fields = [
    ...changes,
    ...Object.values(families)
      .flat()
      .flatMap((variant) => variant.fields),
    ...own,
  ];
  const fallbacks = Object.fromEntries(
    FAMILIES.map((family) => {
      const value = root.properties?.[family]?.default;
      return [
        family,
        typeof value === "object" && value !== null && !Array.isArray(value) ? String(value["name"] ?? "") : "",
      ];
    }),
  );
  const help = Object.fromEntries(
    Object.entries(root.properties ?? {}).map(([name, schema]) => [name, schema.description ?? ""]),
  );
  return {
    families,
    fallbacks,
    plain,
    device,
    teacher,
    folded,
    help,
    spaces: namesOf(root, "space"),
    changes,
    names: [...new Set([...fields.map((field) => field.name), ...FAMILIES, "space", "device", "devices"])],
  };
}

interface Props {
  form: Form;
  editing: Editing;
  datasets: Datasets | null;
  reload: () => void;
  suggested: Suggestion | null;
}

export function SearchForm({ form, editing, datasets, reload, suggested }: Props) {
  const devices = devicesIn(editing.draft);
  const plugin = (family: string) => ({
    family,
    editing,
    help: form.help[family] ?? "",
    variants: (form.families[family] ?? []).map((each) => ({ ...each, fields: forEach(each.fields, devices) })),
    fallback: form.fallbacks[family] ?? "",
  });
  const missing = new Set(datasets?.items.filter((row) => !row.available).map((row) => row.name));
  const uploaded = (found: Uploaded) => {
    editing.change({ ...editing.draft, dataset: { name: found.name, path: found.path } });
    reload();
  };
  return (
    <div class="form">
      <fieldset>
        <legend>Images</legend>
        <PluginInput
          {...plugin("dataset")}
          first={["path", "size", "flip", "download"]}
          suggestions={datasets?.uploads.map(({ path, title }) => ({ value: path, label: title })) ?? []}
          note={(name) => (missing.has(name) ? " (to be fetched)" : "")}
        >
          <Upload done={uploaded} />
        </PluginInput>
      </fieldset>
      <fieldset>
        <legend>Device and goal</legend>
        <DevicesInput field={form.device} editing={editing} />
        <PluginInput {...plugin("objective")} first={["target_latency_ms", "alpha", "beta"]} />
      </fieldset>
      <SuggestPane device={form.device} editing={editing} begun={suggested} />
      <fieldset>
        <legend>Search</legend>
        <SpaceInput spaces={form.spaces} changes={form.changes} help={form.help["space"] ?? ""} editing={editing} />
        <PluginInput {...plugin("searcher")} first={[]} />
        <PluginInput {...plugin("evaluator")} first={["epochs"]} />
        <PluginInput {...plugin("pruner")} first={["first_epochs"]} none="none: all are trained to their end" />
      </fieldset>
      <fieldset>
        <legend>Teacher</legend>
        <TeacherFile help={form.help["teacher"] ?? ""} editing={editing} />
        <Folded said="The teacher" fields={form.teacher} editing={editing} />
      </fieldset>
      <fieldset>
        <legend>Extent</legend>
        {form.plain.map((field) => (
          <FieldInput key={field.name} field={field} editing={editing} />
        ))}
        <Folded said="More" fields={form.folded} editing={editing} />
      </fieldset>
    </div>
  );
}
