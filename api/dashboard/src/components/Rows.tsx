import type { ComponentChildren } from "preact";

export type Row = [string, ComponentChildren];

/** Names with their values. */
export function Rows({ rows, class: name }: { rows: readonly Row[]; class?: string }) {
  return (
    <dl class={name}>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
