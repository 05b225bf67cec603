// The winner for another target or on another device: move the target, see which trained network wins.
import { useState } from "preact/hooks";
import type { Search, Winner } from "../api";
import { Trouble } from "../components/states";
import { milliseconds, percent, whole } from "../format";
import { useLoaded } from "../store/load";
import type { Retarget } from "../store/retarget";
import { latencyAt, placeOf, STEPS } from "../store/slider";
import { SearchAnew } from "./SearchAnew";

interface Props {
  search: Search;
  asked: Retarget;
  select: (trial: number) => void;
}

export function TargetSlider({ search, asked, select }: Props) {
  const { target, range, answer, problem } = asked;
  const [touched, touch] = useState(asked.metric === null);
  if (!range && !asked.asked) return null; // nothing is trained yet
  return (
    <section
      class="retarget"
      aria-labelledby="retarget-title"
      data-testid="retarget"
      onPointerEnter={() => touch(true)}
      onFocusCapture={() => touch(true)}
    >
      <h3 id="retarget-title">Another target</h3>
      <div class="asking">
        <label class="target-slider">
          <span>
            Target <output data-testid="retarget-target">{milliseconds(target)}</output>
          </span>
          <input
            type="range"
            min={0}
            max={STEPS}
            step={1}
            disabled={!range}
            value={range && target !== null ? placeOf(range, target) : 0}
            aria-valuetext={milliseconds(target)}
            data-testid="target-slider"
            onInput={(event) => range && asked.move(latencyAt(range, Number(event.currentTarget.value)))}
          />
        </label>
        <DeviceSelect asked={asked} others={touched} />
      </div>
      {problem && <Trouble problem={problem} again={asked.again} />}
      <div aria-live="polite" data-testid="retarget-answer">
        {answer ? (
          <Found answer={answer} select={select} />
        ) : (
          <p class="small">Move it to see which of the trained networks wins there. Nothing is trained for that.</p>
        )}
      </div>
      <SearchAnew search={search} asked={asked} />
      {asked.asked && (
        <button type="button" class="link small" onClick={asked.leave} data-testid="retarget-leave">
          Back to the search's own target
        </button>
      )}
    </section>
  );
}

/** others: whether devices that are not the search's are offered, which are asked for when somebody looks. */
function DeviceSelect({ asked, others }: { asked: Retarget; others: boolean }) {
  const { value } = useLoaded<{ items: { name: string }[] }>(others ? "/v1/devices" : null);
  const names = [...asked.own, ...(value?.items ?? []), { name: asked.device }].map((each) => each.name);
  return (
    <label class="target-device">
      <span>on</span>
      <select
        value={asked.device}
        data-testid="retarget-device"
        onChange={(event) => asked.choose(event.currentTarget.value)}
      >
        {[...new Set(names)].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Found({ answer, select }: { answer: Winner; select: (trial: number) => void }) {
  const { winner } = answer;
  return (
    <>
      {winner ? (
        <p data-testid="retarget-winner">
          <strong>Trial {winner.trial} wins</strong>: {percent(winner.mean)}
          {winner.mean_low != null && winner.mean_high != null && (
            <span class="soft">{` (${(100 * winner.mean_low).toFixed(1)} to ${(100 * winner.mean_high).toFixed(1)})`}</span>
          )}
          {` at ${milliseconds(winner.latency_ms)}${answer.estimated ? ", estimated" : ""}. `}
          <button type="button" class="link" onClick={() => select(winner.trial)}>
            See its architecture
          </button>
        </p>
      ) : (
        <p data-testid="retarget-winner">
          <strong>No trained network wins there.</strong>
        </p>
      )}
      <p class="small">
        {answer.networks > 0 &&
          `${whole(answer.within)} of ${whole(answer.networks)} trained networks keep the target. Accuracies are on validation images, by posterior mean. `}
        {answer.notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}. `)}
      </p>
    </>
  );
}
