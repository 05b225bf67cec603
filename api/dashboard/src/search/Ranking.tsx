// How the finalists were chosen: what is believed of the best networks, beside the scores that were observed.
import { MISSING, percent, significant } from "../format";
import type { LiveSearch } from "../store/live";

export function Ranking({ live, select }: { live: LiveSearch; select: (trial: number) => void }) {
  const found = live.ranking.value;
  if (!found?.standings.length) return null;
  const finalists = new Set(live.finalists.value.map((each) => each.trial));
  return (
    <section class="ranking" aria-labelledby="ranking-title" data-testid="ranking">
      <h2 id="ranking-title">How the finalists were chosen</h2>
      <p class="small">
        The first by the reward of the posterior mean, which comes from {found.explanation}.
        {found.noise != null &&
          ` One training's accuracy deviates by ${percent(found.noise)} from the mean over seeds; in brackets is the 95 % interval of that mean, on these validation images.`}
      </p>
      <div class="wide" role="region" aria-label="Choice of finalists" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {["trial", "observed", "trainings", "posterior mean", "reward"].map((heading) => (
                <th key={heading} scope="col">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.standings.map((each) => (
              <tr key={each.trial}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => select(each.trial)}>
                    {each.trial}
                  </button>
                  {finalists.has(each.trial) && <span class="tag">finalist</span>}
                </th>
                <td>{percent(each.observed)}</td>
                <td>{each.trainings}</td>
                <td>
                  {percent(each.mean)}
                  {each.mean_low != null && each.mean_high != null && (
                    <span class="soft">{` (${(100 * each.mean_low).toFixed(1)} to ${(100 * each.mean_high).toFixed(1)})`}</span>
                  )}
                </td>
                <td>{each.reward == null ? MISSING : significant(each.reward, 4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
