// A new search for the target and the device of the slider, over the weights that the networks of a search share.
import { request, searchPath, type Search } from "../api";
import { Trouble } from "../components/states";
import { navigate } from "../router";
import { useAction } from "../store/action";
import type { Retarget } from "../store/retarget";
import { mayWrite } from "../store/session";

export function SearchAnew({ search, asked }: { search: Search; asked: Retarget }) {
  const { busy, problem, run } = useAction();
  const evaluator = search.spec["evaluator"] as { name?: string } | undefined;
  if (evaluator?.name !== "supernet" || !asked.range || !mayWrite()) return null;
  const make = () =>
    run(async () => {
      const body = { target_latency_ms: asked.target, device: asked.device };
      const made = await request<Search>(`${searchPath(search.id)}:retarget`, { method: "POST", body });
      navigate(`/searches/${made.id}`);
    });
  return (
    <div class="anew">
      <button
        type="button"
        class="button"
        disabled={busy}
        onClick={() => void make()}
        data-testid="search-anew"
        title="A new search that scores other networks with the weights of this one. Nothing is trained."
      >
        Search for this target
      </button>
      {problem && <Trouble problem={problem} />}
    </div>
  );
}
