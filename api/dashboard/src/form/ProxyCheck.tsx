// Before a search: whether the short training of trials orders networks as the longer one does.
import { checkPath, type CheckedNetwork, type ProxyCheck, type ProxyResult } from "../api";
import { Ranks, type Ranked } from "../charts/Ranks";
import { Trouble } from "../components/states";
import { Words } from "../components/Words";
import { about, count, milliseconds, minus, percent } from "../format";
import type { Draft } from "./draft";
import { InquiryState, useInquiry } from "./Inquiry";

/** The parameter of the address that names a check. */
export const CHECK = "check";

/** Fields of a search that say nothing of its trainings. */
const ABOUT = new Set(["name", "labels", "priority"]);

/** The body of a check: the spec alone. */
export function checkBody(draft: Draft): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([name]) => !ABOUT.has(name)));
}

interface Props {
  draft: Draft;
  ready: boolean;
  /** Whose spec the draft began with. */
  begun: ProxyCheck | null;
}

export function ProxyCheckPane({ draft, ready, begun }: Props) {
  const body = JSON.stringify(checkBody(draft));
  const { asked, stale, busy, problem, start } = useInquiry(begun, body, "/v1/proxy-checks", CHECK);
  return (
    <section class="inquiry" data-testid="proxy-check">
      <header>
        <h2>Is the short training good enough?</h2>
        <button type="button" class="button" disabled={busy || !ready} onClick={start} data-testid="check-proxy">
          Check the proxy
        </button>
      </header>
      <p class="small">
        Ten networks spread over the space are trained as trials and as finalists, one of them three times: do both
        trainings order them alike? What is trained here is not trained again by the search.
      </p>
      {problem && <Trouble problem={problem} again={start} />}
      {asked && (
        <InquiryState<ProxyCheck>
          key={asked.id}
          path={checkPath(asked.id)}
          id="proxy"
          counted="Trainings ended"
          stale={stale}
          result={(result) => <Result result={result} />}
        />
      )}
    </section>
  );
}

function Result({ result }: { result: ProxyResult }) {
  const { verdict, verdict_lowest: lowest, verdict_highest: highest, tau, cost } = result;
  const [short, longer] = [result.epochs ? epochs(result.epochs) : "scored", epochs(result.longer_epochs)];
  return (
    <>
      <p class={`verdict ${verdict}`} data-testid="proxy-verdict" data-verdict={verdict}>
        The proxy is <strong>{verdict}</strong>
        {tau && <>: tau {interval(tau)}</>}
        {lowest !== highest && (
          <span class="soft">
            {" "}
            the interval reaches from {lowest} to {highest}
          </span>
        )}
      </p>
      {cost.search_seconds ? (
        <p class="small">
          The search will take {about(cost.search_seconds)} on {cost.cores} {cost.cores === 1 ? "core" : "cores"}.
        </p>
      ) : null}
      <div class="findings">
        <Ranks rows={ranked(result.candidates)} top={result.top} left={short} right={longer} />
        <div>
          <ul>
            {result.reasons.map((reason) => (
              <li key={reason}>
                <Words text={reason} />
              </li>
            ))}
          </ul>
          {result.remedies.length > 0 && (
            <>
              <h3>What to do</h3>
              <ul>
                {result.remedies.map((remedy) => (
                  <li key={remedy}>
                    <Words text={remedy} />
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      </div>
      <Networks rows={result.candidates} short={short} longer={longer} />
    </>
  );
}

function Networks({ rows, short, longer }: { rows: readonly CheckedNetwork[]; short: string; longer: string }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="The networks of the check">
      <table data-testid="proxy-networks">
        <thead>
          <tr>
            <th scope="col">network</th>
            {["MACs", "latency", short, "place", longer, "place"].map((heading, i) => (
              <th key={i} scope="col" class="number">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} title={row.reason ?? row.notation}>
              <th scope="row">
                <code>{row.id}</code>
              </th>
              <td class="number">{count(row.macs)}</td>
              <td class="number">{milliseconds(row.latency_ms)}</td>
              <td class="number">{percent(row.proxy_accuracy)}</td>
              <td class="number">{row.proxy_rank ?? ""}</td>
              <td class="number">{row.reason ? "failed" : percent(row.longer_accuracy)}</td>
              <td class="number">{row.longer_rank ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const epochs = (count: number): string => `${count} ${count === 1 ? "epoch" : "epochs"}`;

const interval = ({ value, low, high }: { value: number; low: number; high: number }): string =>
  minus(`${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`);

/** The networks with both accuracies. */
export function ranked(rows: readonly CheckedNetwork[]): Ranked[] {
  return rows.flatMap(({ id, proxy_accuracy: left, longer_accuracy: right, proxy_rank, longer_rank }) =>
    left == null || right == null || proxy_rank == null || longer_rank == null
      ? []
      : [{ id, left, right, leftPlace: proxy_rank, rightPlace: longer_rank }],
  );
}
