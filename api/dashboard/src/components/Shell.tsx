// What is around every page: the head with its links, the theme, the session.
import type { ComponentChildren } from "preact";
import { locked, request } from "../api";
import { at } from "../root";
import { path } from "../router";
import { mayAdminister, session } from "../store/session";
import { chooseTheme, theme, type Theme } from "../theme";

const THEMES: { name: Theme; said: string; sign: string }[] = [
  { name: "system", said: "Colours of the system", sign: "◐" },
  { name: "light", said: "Light", sign: "☀" },
  { name: "dark", said: "Dark", sign: "☾" },
];

function ThemeButton() {
  const at = THEMES.findIndex((each) => each.name === theme.value);
  const [now, next] = [THEMES[at] ?? THEMES[0]!, THEMES[(at + 1) % THEMES.length]!];
  return (
    <button
      type="button"
      class="icon"
      onClick={() => chooseTheme(next.name)}
      title={`${now.said}; change to: ${next.said.toLowerCase()}`}
      aria-label={`Colours: ${now.said}. Change to: ${next.said}`}
      data-testid="theme"
    >
      <span aria-hidden="true">{now.sign}</span>
    </button>
  );
}

async function signOut(): Promise<void> {
  await request("/v1/session", { method: "DELETE" });
  session.value = null;
  locked.value = true;
}

export function Shell({ children }: { children: ComponentChildren }) {
  const current = (to: string) => (path.value === to ? "page" : undefined);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="head">
        <a class="brand" href={at("/")} aria-label="Architecture search, all searches">
          <img src={at("/icon.svg")} alt="" width={26} height={26} /> <span>Architecture search</span>
        </a>
        <nav aria-label="Pages">
          <a href={at("/")} aria-current={current("/")}>
            Searches
          </a>
          <a href={at("/new")} aria-current={current("/new")}>
            New
          </a>
          <a href={at("/data")} aria-current={current("/data")}>
            Images
          </a>
          <a href={at("/devices")} aria-current={current("/devices")}>
            Devices
          </a>
          {mayAdminister() && (
            <a href={at("/keys")} aria-current={current("/keys")}>
              Keys
            </a>
          )}
          <a href={at("/docs")}>API</a>
        </nav>
        <span class="grow" />
        {session.value && !session.value.open && !locked.value && (
          <button type="button" class="link" onClick={() => void signOut()} data-testid="sign-out">
            Sign out
          </button>
        )}
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
