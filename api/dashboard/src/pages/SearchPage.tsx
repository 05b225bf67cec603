// One search, live: its front, its trials, and the network of the one that is selected.
import { useEffect, useMemo } from "preact/hooks";
import { Failure, Loading } from "../components/states";
import { useTitle } from "../components/title";
import { ParetoPlot } from "../charts/ParetoPlot";
import { RewardChart } from "../charts/RewardChart";
import { query, setQuery } from "../router";
import { Baseline } from "../search/Baseline";
import { Correlations } from "../search/Correlations";
import { Figures } from "../search/Figures";
import { Finalists } from "../search/Finalists";
import { Inspector } from "../search/Inspector";
import { Ranking } from "../search/Ranking";
import { SearchFacts } from "../search/SearchFacts";
import { SearchHead } from "../search/SearchHead";
import { TargetSlider } from "../search/TargetSlider";
import { TrialsTable } from "../search/TrialsTable";
import { bestRow } from "../store/columns";
import { LiveSearch } from "../store/live";
import { useRetarget } from "../store/retarget";

export function SearchPage({ id }: { id: string }) {
  const live = useMemo(() => new LiveSearch(id), [id]);
  useEffect(() => {
    void live.start();
    return () => live.stop();
  }, [live]);
  const search = live.search.value;
  useTitle(search?.name ?? "Search");
  const problem = live.problem.value;
  if (problem) return <Failure problem={problem} again={() => void live.start()} />;
  if (!search) return <Loading what="the search" lines={6} />;
  return <Loaded live={live} />;
}

function Loaded({ live }: { live: LiveSearch }) {
  void live.revision.value; // drawn again when trials have changed
  const asked = query.value.get("trial");
  const selected = asked !== null && /^\d+$/.test(asked) ? Number(asked) : null;
  const select = (trial: number | null) => setQuery("trial", trial === null ? null : String(trial));
  const { columns } = live.table;
  const retarget = useRetarget(live);
  const winner = retarget.answer?.winner?.trial ?? null;
  const best = columns.number[bestRow(columns)] ?? null;
  return (
    <div class="search-page" data-testid="search-page">
      <SearchHead live={live} />
      <Figures live={live} select={select} />
      <Finalists live={live} select={select} />
      <div class="columns">
        <div class="views">
          <section aria-labelledby="pareto-title">
            <h2 id="pareto-title">Accuracy against latency</h2>
            <ParetoPlot live={live} selected={selected} select={select} asked={{ ...retarget, winner }} />
            <TargetSlider search={live.search.value!} asked={retarget} select={select} />
          </section>
          <section aria-labelledby="reward-title">
            <h2 id="reward-title">Best reward so far</h2>
            <RewardChart live={live} select={select} />
          </section>
          <Baseline live={live} />
          <Ranking live={live} select={select} />
          <TrialsTable live={live} selected={selected} select={select} />
          <Correlations live={live} />
          <SearchFacts live={live} />
        </div>
        <Inspector
          live={live}
          number={selected ?? winner ?? best}
          follows={selected !== null ? null : winner !== null ? "wins at this target" : "best so far"}
          close={() => select(null)}
        />
      </div>
    </div>
  );
}
