// Which columns the trials table has, kept in the address.
import { useEffect, useRef } from "preact/hooks";
import { setQuery } from "../router";
import { FIXED, naming, type Column } from "./columns";

interface Props {
  all: readonly Column[];
  shown: readonly Column[];
}

export function ColumnChooser({ all, shown }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  const close = () => box.current?.removeAttribute("open");
  useEffect(() => {
    const outside = (event: MouseEvent) => box.current?.contains(event.target as Node) || close();
    document.addEventListener("click", outside);
    return () => document.removeEventListener("click", outside);
  }, []);
  const keys = new Set(shown.map(({ key }) => key));
  const turn = (key: string, on: boolean) => {
    if (on) keys.add(key);
    else keys.delete(key);
    setQuery("columns", naming(all, keys));
  };
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    close();
    box.current?.querySelector("summary")?.focus();
  };
  return (
    <details class="chooser" ref={box} onKeyDown={leave} data-testid="columns">
      <summary class="button">Columns</summary>
      <fieldset>
        <legend class="unseen">Columns of the table</legend>
        {all
          .filter(({ key }) => key !== FIXED)
          .map(({ key, heading }) => (
            <label key={key}>
              <input
                type="checkbox"
                checked={keys.has(key)}
                onChange={(event) => turn(key, event.currentTarget.checked)}
                data-testid={`column-${key}`}
              />
              {heading}
            </label>
          ))}
      </fieldset>
    </details>
  );
}
