// What a worker is asked before a search: how it goes, a way to end it, and its result.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { request, type Json, type ProxyCheck, type Suggestion } from "../api";
import { phase, Progress, StateBadge, TERMINAL } from "../components/badges";
import { Trouble } from "../components/states";
import { about } from "../format";
import { setQuery } from "../router";
import { useAction } from "../store/action";
import { useLoaded, useWhileVisible } from "../store/load";

const EVERY_MS = 2000;

type Inquiry = ProxyCheck | Suggestion;

/** Asks it of a body in JSON. The address names it, so that it is there again when the page is loaded again. */
export function useInquiry<T extends Inquiry>(begun: T | null, body: string, path: string, parameter: string) {
  const [asked, setAsked] = useState(() => begun && { id: begun.id, body });
  const { busy, problem, run } = useAction();
  const start = () =>
    void run(async () => {
      const made = await request<T>(path, { method: "POST", body: JSON.parse(body) as Json });
      setAsked({ id: made.id, body });
      setQuery(parameter, made.id);
    });
  return { asked, stale: asked?.body !== body, busy, problem, start };
}

interface Props<T extends Inquiry> {
  path: string;
  /** Names it in tests. */
  id: string;
  /** What its progress counts. */
  counted: string;
  /** Whether the form is not any more what it was asked of. */
  stale: boolean;
  result: (result: NonNullable<T["result"]>) => ComponentChildren;
}

/** Followed until it has ended. */
export function InquiryState<T extends Inquiry>({ path, id, counted, stale, result }: Props<T>) {
  const { value: found, problem, again } = useLoaded<T>(path, true);
  const cancelling = useAction();
  const ended = found !== null && TERMINAL.has(found.state);
  useWhileVisible(() => void (ended || again()), EVERY_MS);
  useEffect(again, []);
  const cancel = () =>
    void cancelling.run(async () => {
      await request<Inquiry>(`${path}:cancel`, { method: "POST" });
      again();
    });
  if (!found) return problem ? <Trouble problem={problem} again={again} /> : null;
  const { progress } = found;
  return (
    <div role="status" data-testid={`${id}-state`} data-state={found.state}>
      {stale && <p class="small">The search was changed since: this is of what it was before.</p>}
      {!ended && (
        <p class="under-way">
          <StateBadge state={found.state} />
          <span class="soft">
            {progress?.what ?? phase(progress?.phase ?? null)}
            {progress?.left_s ? `, ${about(progress.left_s)} left` : ""}
          </span>
          {progress?.total ? (
            <Progress done={progress.done ?? 0} total={progress.total} label={counted} />
          ) : null}
          <button
            type="button"
            class="button"
            disabled={cancelling.busy}
            onClick={cancel}
            data-testid={`cancel-${id}`}
          >
            Cancel
          </button>
        </p>
      )}
      {cancelling.problem && <Trouble problem={cancelling.problem} />}
      {problem && <Trouble problem={problem} again={again} />}
      {ended && !found.result && (
        <p>
          <StateBadge state={found.state} /> {found.reason}
        </p>
      )}
      {found.result && result(found.result)}
    </div>
  );
}
