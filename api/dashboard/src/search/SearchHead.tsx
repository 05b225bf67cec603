// What the search is called, how it stands, and what can be done with it.
import { request, searchPath, type Artifact, type Search } from "../api";
import { Ago } from "../components/Ago";
import { Labels, phase, Remaining, StateBadge, TERMINAL } from "../components/badges";
import { Trouble } from "../components/states";
import type { Connection } from "../events";
import { at } from "../root";
import { navigate } from "../router";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";
import { mayWrite } from "../store/session";
import type { LiveSearch } from "../store/live";

type Verb = "pause" | "resume" | "cancel";
const VERBS: { verb: Verb; said: string; from: string[] }[] = [
  { verb: "pause", said: "Pause", from: ["QUEUED", "RUNNING"] },
  { verb: "resume", said: "Resume", from: ["PAUSED", "PAUSING"] },
  { verb: "cancel", said: "Cancel", from: ["QUEUED", "RUNNING", "PAUSING", "PAUSED"] },
];

export function SearchHead({ live }: { live: LiveSearch }) {
  const search = live.search.value!;
  const { busy, problem, run } = useAction();
  const act = async (verb: Verb) => {
    const asked = `Cancel ${search.name}? What it has found is kept; it cannot go on later, but can be forked.`;
    if (verb === "cancel" && !confirm(asked)) return;
    await run(async () => {
      live.search.value = await request<Search>(`${searchPath(search.id)}:${verb}`, { method: "POST" });
    });
  };
  const remove = async () => {
    if (!confirm(`Delete ${search.name}? For some days it can be brought back with POST ${searchPath(search.id)}:undelete.`))
      return;
    await run(async () => {
      await live.last(() => request(searchPath(search.id), { method: "DELETE" }));
      navigate("/");
    });
  };
  return (
    <header class="search-head">
      <p class="eyebrow">
        <a href={at("/")}>Searches</a>
      </p>
      <div class="page-head">
        <h1>{search.name}</h1>
        <span class="grow" />
        <span class="buttons">
          {mayWrite() &&
            VERBS.filter(({ from }) => from.includes(search.state)).map(({ verb, said }) => (
              <button
                key={verb}
                type="button"
                class="button"
                disabled={busy}
                onClick={() => void act(verb)}
                data-testid={verb}
              >
                {said}
              </button>
            ))}
          {mayWrite() && (TERMINAL.has(search.state) || search.state === "PAUSED") && (
            <button type="button" class="button" disabled={busy} onClick={() => void remove()} data-testid="delete">
              Delete
            </button>
          )}
          {mayWrite() && (
            <a
              class="button"
              href={at(`/new?from=${search.id}`)}
              data-testid="fork"
              title="A new search that starts from this one's spec"
            >
              Fork
            </a>
          )}
        </span>
      </div>
      <p class="about">
        <StateBadge state={search.state} />
        {!TERMINAL.has(search.state) && search.phase && <span>{doing(search)}</span>}
        <span>
          <Remaining search={search} />
        </span>
        <span>
          created <Ago time={search.created_at} />
        </span>
        <Written search={search} />
        {search.parent_id && (
          <span>
            fork of <a href={at(`/searches/${search.parent_id}`)}>another search</a>
          </span>
        )}
        <Labels labels={search.labels} />
        <ConnectionSign live={live} />
      </p>
      {(search.facts?.notes ?? []).map((note) => (
        <p key={note} class="notice" data-testid="head-note">
          {note}
        </p>
      ))}
      {problem && <Trouble problem={problem} />}
      {(search.state === "FAILED" || (search.state === "PAUSED" && search.state_reason)) && (
        <p class="trouble" role="alert" tabIndex={0} data-testid="failed-reason">
          <strong>{search.state_reason ?? "It has failed"}.</strong> <span class="lines">{search.state_message}</span>
        </p>
      )}
      {search.state !== "FAILED" && search.phase === "WAITING_FOR_WORKERS" && !TERMINAL.has(search.state) && (
        <p class="notice">
          Nothing of this search runs at the moment: it waits for {search.progress?.what ?? "workers"}. It continues by
          itself.
        </p>
      )}
    </header>
  );
}

const WRITTEN = ["report.html", "trials.jsonl"];

/** The files on the whole search, as they are once it has ended. */
function Written({ search }: { search: Search }) {
  const known = useLoaded<{ items: Artifact[] }>(
    TERMINAL.has(search.state) ? `${searchPath(search.id)}/artifacts` : null,
  );
  const files = known.value?.items.filter((file) => file.file !== null && WRITTEN.includes(file.file)) ?? [];
  return (
    <>
      {files.map((file) => (
        <a key={file.file} href={at(file.url)} download={file.file} data-testid="written">
          {file.file}
        </a>
      ))}
    </>
  );
}

/** The phase and how far it is; how many trials have ended is said elsewhere. */
function doing({ phase: name, progress }: Search): string | null {
  const words = phase(name);
  if (name === "TRAINING" || name === "WAITING_FOR_WORKERS" || !progress?.total) return words;
  const { what, done, total } = progress;
  if (name === "MEASURING") return `${what}: ${done} of the space's ${total}`;
  const unit = name === "FINALISTS" || name === "REFERENCES" ? ", epoch" : "";
  return `${words}: ${what}${unit} ${done} of ${total}`;
}

const SAID: Partial<Record<Connection, string>> = {
  reconnecting: "reconnecting …",
  held: "a proxy holds live events back; asking every 5 s",
  crowded: "other tabs have the live connections; asking every 5 s",
};

function ConnectionSign({ live }: { live: LiveSearch }) {
  const state = live.connection.value;
  const said = SAID[state];
  if (!said) return <span class="unseen" data-testid="connection" data-state={state} />;
  return (
    <span class="reconnecting" role="status" data-testid="connection" data-state={state}>
      {said}
    </span>
  );
}
