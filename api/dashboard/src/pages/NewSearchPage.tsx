// A form for a search, made from the service's own schema.
import { useMemo, useRef, useState } from "preact/hooks";
import { checkPath, request, searchPath, suggestionPath } from "../api";
import type { Datasets, ProxyCheck, Search, Suggestion } from "../api";
import { Failure, Loading } from "../components/states";
import { useTitle } from "../components/title";
import { useCheck } from "../form/check";
import { newKey } from "../form/key";
import { byField, type Draft } from "../form/draft";
import { CHECK, ProxyCheckPane } from "../form/ProxyCheck";
import { SearchForm, formOf } from "../form/SearchForm";
import { SpecPane } from "../form/SpecPane";
import { draftOf, SUGGESTION } from "../form/Suggest";
import type { Schema } from "../form/schema";
import { navigate, query } from "../router";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";

export function NewSearchPage() {
  const from = query.value.get("from");
  useTitle(from ? "Fork a search" : "New search");
  const schema = useLoaded<Schema>("/v1/schemas/search");
  const datasets = useLoaded<Datasets>("/v1/datasets");
  const parent = useLoaded<Search>(from ? searchPath(from) : null);
  const [asked] = useState(() => query.value.get(CHECK)); // a check that is asked for later begins nothing
  const checked = useLoaded<ProxyCheck>(asked ? checkPath(asked) : null);
  const [wanted] = useState(() => query.value.get(SUGGESTION));
  const suggested = useLoaded<Suggestion>(wanted ? suggestionPath(wanted) : null);
  const problem = schema.problem ?? parent.problem;
  if (problem)
    return (
      <Failure
        problem={problem}
        again={() => {
          schema.again();
          parent.again();
        }}
      />
    );
  const waits = [[asked, checked] as const, [wanted, suggested] as const].some(
    ([id, { value, problem }]) => id && !value && !problem,
  );
  if (!schema.value || (from && !parent.value) || waits) return <Loading what="the form" lines={7} />;
  const begun = { parent: parent.value, checked: checked.value, suggested: suggested.value };
  return <Editor schema={schema.value} datasets={datasets.value} reload={datasets.again} {...begun} />;
}

interface Props {
  schema: Schema;
  datasets: Datasets | null;
  reload: () => void;
  parent: Search | null;
  /** What was asked for before the page was loaded again. */
  checked: ProxyCheck | null;
  suggested: Suggestion | null;
}

function Editor({ schema, datasets, reload, parent, checked, suggested }: Props) {
  const form = useMemo(() => formOf(schema), [schema]);
  const [draft, setDraft] = useState(() => begun(schema, { parent, checked, suggested }, query.value.get("data")));
  const { busy, problem, forget, run } = useAction();
  const sent = useRef({ text: "", key: "" });
  const check = useCheck(draft);
  const { fields, rest } = byField(check.problem?.errors ?? [], form.names);
  const change = (next: Draft) => {
    forget();
    setDraft(next);
  };
  const submit = async () => {
    const text = JSON.stringify(draft);
    if (sent.current.text !== text) sent.current = { text, key: newKey() }; // sent again after a cut: the same search
    const path = parent ? `${searchPath(parent.id)}:fork` : "/v1/searches";
    const headers = { "Idempotency-Key": sent.current.key };
    const search = await request<Search>(path, { method: "POST", body: draft, headers });
    navigate(`/searches/${search.id}`);
  };
  return (
    <form class="new-search" data-testid="search-form" noValidate onSubmit={(event) => event.preventDefault()}>
      <header class="page-head">
        <h1>{parent ? `Fork of ${parent.name}` : "New search"}</h1>
      </header>
      <div class="columns">
        <SearchForm form={form} editing={{ draft, change, faults: fields }} {...{ datasets, reload, suggested }} />
        <SpecPane
          {...{
            draft,
            change,
            check,
            rest,
            busy,
            problem,
            submit: () => void run(submit),
            action: parent ? "Start the fork" : "Start the search",
          }}
        />
      </div>
      <ProxyCheckPane draft={draft} ready={Boolean(check.valid) && !check.busy} begun={checked} />
    </form>
  );
}

/** What the form begins with: what was checked or suggested, a search to fork, uploaded images, or the package's. */
function begun(
  schema: Schema,
  { parent, checked, suggested }: Pick<Props, "parent" | "checked" | "suggested">,
  data: string | null,
): Draft {
  const name: Draft = parent ? { name: `${parent.name} (fork)` } : {};
  if (checked) return { ...name, ...(checked.spec as Draft) };
  if (suggested) return { ...name, ...draftOf(suggested) };
  if (data) return { dataset: { name: "folder", path: data } };
  return parent ? { ...name, ...parent.spec } : { dataset: { name: firstDataset(schema) } };
}

/** The data set that comes with the package, if it is there. */
function firstDataset(schema: Schema): string {
  const names = formOf(schema).families["dataset"]?.map((variant) => variant.name) ?? [];
  return names.find((name) => name.endsWith("_mini")) ?? names[0] ?? "";
}
