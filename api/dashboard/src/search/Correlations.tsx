// How well what is known before training orders the trials by their accuracy.
import { MISSING } from "../format";
import type { LiveSearch } from "../store/live";
import { metrics } from "../store/metrics";

const tau = (value: number) => value.toFixed(2).replace("-", "\u2212");

export function Correlations({ live }: { live: LiveSearch }) {
  const found = live.correlations.value;
  if (!found.length) return null;
  const label = (name: string) => metrics.value.find((metric) => metric.name === name)?.label ?? name;
  return (
    <section class="correlations" aria-labelledby="correlations-title" data-testid="correlations">
      <h2 id="correlations-title">Known before training, against accuracy</h2>
      {found.map((each) => (
        <p class="small" key={each.metric}>
          {each.text}
        </p>
      ))}
      <table>
        <thead>
          <tr>
            <th scope="col">known before training</th>
            <th scope="col">trials</th>
            <th scope="col">Kendall’s tau</th>
            <th scope="col">95 %</th>
            <th scope="col" class="wide">
              given multiply-adds
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((each) => (
            <tr key={each.metric}>
              <th scope="row">{label(each.metric)}</th>
              <td>{each.n}</td>
              <td>{tau(each.tau)}</td>
              <td>
                {tau(each.low)} to {tau(each.high)}
              </td>
              <td class="wide">{each.given_macs === null ? MISSING : tau(each.given_macs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="soft">
        Kendall’s tau is 1 if the trials are in the order of their accuracy, 0 if it says nothing, −1 in the opposite
        order. A search prefers some networks, so its trials are no random sample of the space.
      </p>
    </section>
  );
}
