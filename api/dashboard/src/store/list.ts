// The searches, asked for again every few seconds while the page is visible.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { asProblem, request, type Problem, type SearchItem } from "../api";
import { useWhileVisible } from "./load";

export interface List {
  items: SearchItem[] | null;
  more: boolean;
  problem: Problem | null;
  again: () => void;
}

const EVERY_MS = 4000;

export function useSearches(text: string, state: string, size: number): List {
  const [found, setFound] = useState<Omit<List, "again">>({ items: null, more: false, problem: null });
  const latest = useRef(0);
  const load = useCallback(() => {
    const turn = ++latest.current;
    const query = new URLSearchParams({ page_size: String(size) });
    if (text) query.set("text", text);
    if (state) query.set("state", state);
    request<{ items: SearchItem[]; next_page_token: string | null }>(`/v1/searches?${query}`).then(
      (page) =>
        turn === latest.current && setFound({ items: page.items, more: Boolean(page.next_page_token), problem: null }),
      (error: unknown) => turn === latest.current && setFound((old) => ({ ...old, problem: asProblem(error) })),
    );
  }, [text, state, size]);
  useEffect(() => {
    load();
    return () => void latest.current++;
  }, [load]);
  useWhileVisible(load, EVERY_MS);
  return { ...found, again: load };
}
