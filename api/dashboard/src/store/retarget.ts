// Another target or device for the search that is shown: kept in the address, answered by the service.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { searchPath, type Problem, type Search, type Winner } from "../api";
import { finite } from "../format";
import { query, setQuery } from "../router";
import { valueOf, type TrialTable } from "./columns";
import { devicesOf, LATENCY, type OnDevice } from "./devices";
import type { LiveSearch } from "./live";
import { useLoaded, useWhileVisible } from "./load";
import { rangeOf } from "./slider";

/** How long the slider has to rest before the service is asked. */
const REST_MS = 200;
/** How often it is asked again while the search goes on. */
const AGAIN_MS = 5000;

export interface Retarget {
  /** Whether the address asks for anything. */
  asked: boolean;
  /** The devices of the search. */
  own: readonly OnDevice[];
  device: string;
  /** The metric that is the latency on the device; null for one that is not the search's. */
  metric: string | null;
  /** In ms; follows the slider at once. */
  target: number | null;
  /** The latencies of the trained networks, with some room; null while none is known. */
  range: readonly [number, number] | null;
  /** The last answer, for this device; the one before while another is on its way. */
  answer: Winner | null;
  problem: Problem | null;
  again: () => void;
  move: (target: number) => void;
  choose: (device: string) => void;
  leave: () => void;
}

export function useRetarget(live: LiveSearch): Retarget {
  const search = live.search.value!;
  const own = ownDevices(search);
  const [given, at] = [query.value.get("target"), query.value.get("on")];
  const wanted = given !== null && Number(given) > 0 ? finite(Number(given)) : null;
  const asked = wanted !== null || at !== null;
  const loaded = useLoaded<Winner>(asked ? pathOf(live.id, wanted, at) : null, true);
  useWhileVisible(() => {
    if (asked && search.state === "RUNNING") loaded.again();
  }, AGAIN_MS);
  const [held, setHeld] = useState<number | null>(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = (target: number | null) => {
    setHeld(null);
    setQuery("target", target === null ? null : String(target));
  };

  const device = at ?? own[0]!.name;
  const on = own.find((each) => each.name === device) ?? null;
  const answer = asked && loaded.value?.device === device ? loaded.value : null;
  const measured = useMemo(() => (on ? latencies(live.table, on.metric) : []), [live.revision.value, on?.metric]);
  const target = held ?? wanted ?? (on ? on.target : finite(answer?.target_latency_ms));
  return {
    asked,
    own,
    device,
    metric: on?.metric ?? null,
    target,
    range: rangeOf(on ? measured : [answer?.fastest_ms, answer?.slowest_ms], target),
    answer,
    problem: asked ? loaded.problem : null,
    again: loaded.again,
    move: (to) => {
      const short = Number(to.toPrecision(4));
      setHeld(short);
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => set(short), REST_MS);
    },
    choose: (name) => {
      clearTimeout(timer.current);
      set(null); // a target of one device says nothing of another's
      setQuery("on", name === own[0]!.name ? null : name);
    },
    leave: () => {
      clearTimeout(timer.current);
      set(null);
      setQuery("on", null);
    },
  };
}

function ownDevices(search: Search): OnDevice[] {
  const several = devicesOf(search);
  if (several.length) return several;
  const name = String(search.spec["device"] ?? "");
  return [{ name, metric: LATENCY, target: finite(search.target_latency_ms) }];
}

function pathOf(id: string, target: number | null, device: string | null): string {
  const asked = new URLSearchParams();
  if (target !== null) asked.set("target_latency_ms", String(target));
  if (device !== null) asked.set("device", device);
  return `${searchPath(id)}/winner?${asked}`;
}

function latencies(table: TrialTable, metric: string): number[] {
  const { number, state } = table.columns;
  const found = number.map((_, row) => (state[row] === "SUCCEEDED" ? valueOf(table.columns, metric, row) : null));
  return found.filter((each) => each !== null);
}
