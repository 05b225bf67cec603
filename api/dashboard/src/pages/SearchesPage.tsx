import { useRef, useState } from "preact/hooks";
import { locked, type SearchItem, type SearchState } from "../api";
import { Ago } from "../components/Ago";
import { Thumbnail, usePareto } from "../charts/Thumbnail";
import { Labels, phase, Progress, Remaining, StateBadge, TERMINAL } from "../components/badges";
import { Disk } from "../components/Disk";
import { Failure, Loading, Trouble } from "../components/states";
import { useTitle } from "../components/title";
import { finite, milliseconds, MISSING, percent, significant } from "../format";
import { at } from "../root";
import { query, setQuery } from "../router";
import { useSearches } from "../store/list";
import { FirstSearch } from "./FirstSearch";

const STATES: SearchState[] = ["QUEUED", "RUNNING", "PAUSED", "SUCCEEDED", "FAILED", "CANCELLED"];
const PAGE = 50;
const MAX_SHOWN = 1000;

export function SearchesPage() {
  useTitle("Searches");
  const [size, setSize] = useState(PAGE);
  const [text, state] = [query.value.get("text") ?? "", query.value.get("state") ?? ""];
  const { value, problem, again } = useSearches(text, state, size);
  if (locked.value) return null;
  if (!value) return problem ? <Failure problem={problem} again={again} /> : <Loading what="searches" lines={5} />;
  const { items, next_page_token: more } = value;
  const filtered = Boolean(text || state);
  if (!items.length && !filtered) return <FirstSearch />;
  return (
    <>
      <div class="page-head">
        <h1>Searches</h1>
        <span class="grow" />
        <Filters text={text} state={state} />
        <a class="button first" href={at("/new")} data-testid="new-search">
          New search
        </a>
      </div>
      {problem && <Trouble problem={problem} again={again} />}
      {!items.length && (
        <div class="empty" data-testid="no-match">
          <p>No search matches.</p>
          <button
            type="button"
            class="button"
            onClick={() => {
              setQuery("text", null);
              setQuery("state", null);
            }}
          >
            Show all
          </button>
        </div>
      )}
      <ul class="searches" aria-label="Searches" data-testid="searches">
        {items.map((search) => (
          <Row key={search.id} search={search} />
        ))}
      </ul>
      {more && size < MAX_SHOWN && (
        <p class="centre">
          <button type="button" class="button" onClick={() => setSize(Math.min(MAX_SHOWN, size + 2 * PAGE))}>
            Show more
          </button>
        </p>
      )}
      <Disk />
    </>
  );
}

function Filters({ text, state }: { text: string; state: string }) {
  const timer = useRef(0);
  const type = (value: string) => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setQuery("text", value.trim()), 250);
  };
  return (
    <div class="filters" role="search">
      <input
        type="search"
        aria-label="Filter by name"
        placeholder="Filter by name"
        value={text}
        maxLength={200}
        onInput={(event) => type(event.currentTarget.value)}
        data-testid="filter-text"
      />
      <select
        aria-label="Filter by state"
        value={state}
        onChange={(event) => setQuery("state", event.currentTarget.value)}
        data-testid="filter-state"
      >
        <option value="">all states</option>
        {STATES.map((each) => (
          <option key={each} value={each}>
            {each === "SUCCEEDED" ? "finished" : each.toLowerCase()}
          </option>
        ))}
      </select>
    </div>
  );
}

function Row({ search }: { search: SearchItem }) {
  const ref = useRef<HTMLLIElement>(null);
  const pareto = usePareto(search, ref);
  const ended = search.counts.succeeded + search.counts.failed + search.counts.pruned + search.counts.cancelled;
  const doing = TERMINAL.has(search.state) ? search.state_message : phase(search.phase);
  return (
    <li ref={ref} data-testid="search-row" data-id={search.id}>
      <a class="search-row" href={at(`/searches/${search.id}`)}>
        <Thumbnail search={search} pareto={pareto} />
        <span class="cell name">
          <strong>{search.name}</strong>
          <span class="soft">
            <Ago time={search.created_at} />
            <Labels labels={search.labels} />
          </span>
        </span>
        <span class="cell">
          <StateBadge state={search.state} />
          <span class="soft clip">{doing}</span>
        </span>
        <Best search={search} pareto={pareto} />
        <span class="cell">
          <Progress done={ended} total={search.max_trials} label={`Trials of ${search.name}`} />
          <span class="soft">
            <Remaining search={search} />
          </span>
        </span>
      </a>
    </li>
  );
}

function Best({ search, pareto }: { search: SearchItem; pareto: ReturnType<typeof usePareto> }) {
  const { best } = search;
  const metrics = pareto?.points.find((point) => point.number === best?.trial)?.metrics;
  const [accuracy, latency] = [finite(metrics?.["accuracy"]), finite(metrics?.["latency_ms"])];
  const target = search.target_latency_ms;
  return (
    <span class="cell best">
      <span class="value">
        {!best ? MISSING : accuracy !== null ? percent(accuracy) : <>reward {significant(best.reward, 4)}</>}
        {latency !== null && <span class="at"> at {milliseconds(latency)}</span>}
      </span>
      <span class="soft">
        {best ? `best: trial ${best.trial}${accuracy === null ? "" : ", validation"}` : "no result yet"}
        {target ? ` · target ${milliseconds(target)}` : ""}
      </span>
    </span>
  );
}
