// The searches, asked for again every few seconds while the page is visible.
import type { SearchItem } from "../api";
import { useLoaded, useWhileVisible, type Loaded } from "./load";

interface Page {
  items: SearchItem[];
  next_page_token: string | null;
}

const EVERY_MS = 4000;

/** The first searches that have the text and the state; the ones of an earlier filter stay until they are there. */
export function useSearches(text: string, state: string, size: number): Loaded<Page> {
  const query = new URLSearchParams({ page_size: String(size) });
  if (text) query.set("text", text);
  if (state) query.set("state", state);
  const found = useLoaded<Page>(`/v1/searches?${query}`, true);
  useWhileVisible(found.again, EVERY_MS);
  return found;
}
