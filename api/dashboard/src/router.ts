// The address bar as signals, and links that do not reload the page.
import { computed, signal } from "@preact/signals";
import { at, within } from "./root";

const here = signal(location.pathname + location.search);

/** The service's own path, without what a proxy puts before it. */
export const path = computed(() => within(new URL(here.value, location.origin).pathname) ?? "/");
export const query = computed(() => new URL(here.value, location.origin).searchParams);

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", at(to));
  else history.pushState(null, "", at(to));
  const moved = new URL(to, location.href).pathname !== path.value;
  here.value = location.pathname + location.search;
  if (moved) {
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}

/** The present address with a parameter set, or taken out. */
export function setQuery(name: string, value: string | null): void {
  const next = new URLSearchParams(query.value);
  if (value === null || value === "") next.delete(name);
  else next.set(name, value);
  const text = next.toString();
  navigate(path.value + (text ? `?${text}` : ""), true);
}

/** Paths that the service answers itself. */
const SERVED = /^\/(v1|docs|openapi\.json|metrics|healthz|readyz)(\/|$)/;

export function startRouter(): void {
  // The page's address changes without the page: what was relative to it is not any more.
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (icon) icon.href = at("/icon.svg");
  addEventListener("popstate", () => (here.value = location.pathname + location.search));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    const own = within(link.pathname);
    if (own === null || SERVED.test(own) || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    navigate(own + link.search);
  });
}
