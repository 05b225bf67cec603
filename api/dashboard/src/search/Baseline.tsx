// What the searcher is worth: its figures beside those of random draws at equal cost.
import { MISSING, significant } from "../format";
import type { LiveSearch } from "../store/live";

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

export function Baseline({ live }: { live: LiveSearch }) {
  const found = live.baseline.value;
  if (!found?.comparison.length) return null;
  return (
    <section class="ranking" aria-labelledby="baseline-title" data-testid="baseline">
      <h2 id="baseline-title">Against random draws at equal cost</h2>
      <div class="wide" role="region" aria-label="Against random draws" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {["figure", "search", `${found.searcher} draws`, "difference", "95 % interval"].map((heading) => (
                <th key={heading} scope="col">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.comparison.map((each) => (
              <tr key={each.figure}>
                <th scope="row">{each.figure}</th>
                <td>{significant(each.searcher, 4)}</td>
                <td>{significant(each.baseline, 4)}</td>
                <td>{signed(each.difference)}</td>
                <td>{each.low == null || each.high == null ? MISSING : `${signed(each.low)} to ${signed(each.high)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="small">
        {found.explanation} {found.reused} of the baseline's {found.trials} trials were trained before.
      </p>
    </section>
  );
}
