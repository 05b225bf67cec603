// The address bar as signals, and links that do not reload the page.
import { computed, signal } from "@preact/signals";

const here = signal(location.pathname + location.search);

export const path = computed(() => new URL(here.value, location.origin).pathname);
export const query = computed(() => new URL(here.value, location.origin).searchParams);

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
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
  addEventListener("popstate", () => (here.value = location.pathname + location.search));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (SERVED.test(link.pathname) || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
