// A network as a row, or a column, of cards: a member each, its ops inside.
import type { Diagram } from "../api";
import { count, dimensions } from "../format";
import { Boxes, extent } from "./Boxes";
import { members, type Member } from "./layout";

const EDGE = 12;
const LEAD = 10;

export function Network({ diagram, name, column = false }: { diagram: Diagram; name: string; column?: boolean }) {
  const cards = members(diagram);
  return (
    <ol class={`network${column ? " column" : ""}`} aria-label={name} data-testid="diagram">
      <li class="member">
        <span class="end">image</span>
      </li>
      {cards.map((member) => (
        <li class="member" key={member.first}>
          <Edge shape={member.input} />
          <Card member={member} />
        </li>
      ))}
      <li class="member">
        <Edge shape={cards.at(-1)?.output ?? diagram.input} />
        <span class="end">scores</span>
      </li>
    </ol>
  );
}

function Edge({ shape }: { shape: number[] }) {
  const vector = shape.slice(1).every((side) => side === 1);
  return (
    <span class="edge">
      <span class="shape">{vector ? String(shape[0] ?? "") : dimensions(shape)}</span>
      <svg viewBox="0 0 50 10" width={50} height={10} aria-hidden="true">
        <path class="wire" d="M0 5H48M42 1L48 5L42 9" />
      </svg>
    </span>
  );
}

function Card({ member }: { member: Member }) {
  const size = extent(member.chain);
  const [width, height, x] = [size.left + size.right + 2 * EDGE, size.height + 2 * LEAD, size.left + EDGE];
  const times = member.last - member.first + 1;
  const each = times > 1 ? `${times} × ` : "";
  return (
    <div class={`card${times > 1 ? " stacked" : ""}`}>
      <div class="card-head">
        <span class="number">
          {member.first + 1}
          {times > 1 && `–${member.last + 1}`}
        </span>
        {times > 1 && (
          <span class="times" title="equal members, one after the other">
            × {times}
          </span>
        )}
      </div>
      <div class="drawing">
        <svg
          viewBox={`0 0 ${width.toFixed(0)} ${height.toFixed(0)}`}
          width={Math.round(width)}
          height={Math.round(height)}
          role="group"
          aria-label={`member ${member.first + 1}`}
        >
          <path class="wire" d={`M${x} 0v${LEAD}M${x} ${height - LEAD}v${LEAD}`} />
          <Boxes chain={member.chain} x={x} y={LEAD} />
        </svg>
      </div>
      <div class="card-foot">
        {member.params ? (
          <>
            {each}
            {count(member.params)} params
            <br />
            {each}
            {count(member.macs)} MACs
          </>
        ) : (
          "no parameters"
        )}
      </div>
    </div>
  );
}
