// Light or dark: the system's choice, unless the reader makes one.
import { computed, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "nas-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);

export const theme = signal<Theme>(stored());
export const dark = computed(() => (theme.value === "system" ? systemDark.value : theme.value === "dark"));
export const still = matchMedia("(prefers-reduced-motion: reduce)");

function stored(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // storage is forbidden
  }
}

export function chooseTheme(next: Theme): void {
  theme.value = next;
  apply();
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is left.
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  if (theme.value === "system") delete dataset["theme"];
  else dataset["theme"] = theme.value;
}

export function startTheme(): void {
  system.addEventListener("change", (event) => (systemDark.value = event.matches));
  apply();
}

/** The colour that a custom property of the page has now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
