// Chains of ops with their sizes in pixels, drawn from top to bottom around a vertical axis.
import type { JSX } from "preact";
import type { Node } from "../api";
import { textWidth } from "../charts/labels";
import { count, dimensions } from "../format";
import { isFork, type Chain, type Fork } from "./layout";
import { words } from "./words";

const [PILL, BARE_PILL, GAP, BEND, LANE, BETWEEN] = [40, 26, 14, 20, 26, 14];

/** Pixels on either side of the axis, and down. */
export interface Extent {
  left: number;
  right: number;
  height: number;
}

export function extent(chain: Chain): Extent {
  const sizes = chain.map(sizeOf);
  return {
    left: Math.max(LANE / 2, ...sizes.map((size) => size.left)),
    right: Math.max(LANE / 2, ...sizes.map((size) => size.right)),
    height: sizes.reduce((total, size) => total + size.height, 0) + GAP * Math.max(sizes.length - 1, 0),
  };
}

const sizeOf = (item: Node | Fork): Extent => (isFork(item) ? forkSize(item) : opSize(item));

function opSize(node: Node): Extent {
  const said = words(node);
  const joint = said.family === "joint";
  const half = joint
    ? textWidth(said.name, 11) / 2 + 10
    : Math.max(textWidth(said.name, 12.5), textWidth(said.detail, 9.5)) / 2 + 9;
  return { left: half, right: half, height: said.detail ? PILL : BARE_PILL };
}

/** Whether the first branch stays on the axis, all others being empty. */
const hasAxis = (fork: Fork) =>
  Boolean(fork.branches[0]?.length) && !fork.branches.slice(1).some((branch) => branch.length);

const widthOf = (sizes: Extent[]) =>
  sizes.reduce((total, size) => total + size.left + size.right, 0) + BETWEEN * (sizes.length - 1);

function forkSize(fork: Fork): Extent {
  const sizes = fork.branches.map(extent);
  const width = widthOf(sizes);
  const left = hasAxis(fork) ? sizes[0]!.left : width / 2;
  const joint = opSize(fork.joint);
  return {
    left: Math.max(left, joint.left),
    right: Math.max(width - left, joint.right),
    height: Math.max(...sizes.map((size) => size.height)) + 2 * BEND + joint.height,
  };
}

/** The ops of chain below one another, joined by lines; its axis enters at (x, y). */
export function Boxes({ chain, x, y }: { chain: Chain; x: number; y: number }) {
  const parts: JSX.Element[] = [];
  let at = y;
  chain.forEach((item, i) => {
    if (i) parts.push(<Line key={`line ${i}`} from={[x, at - GAP]} to={[x, at]} />);
    parts.push(isFork(item) ? <Forked key={i} fork={item} x={x} y={at} /> : <Box key={i} node={item} x={x} y={at} />);
    at += sizeOf(item).height + GAP;
  });
  return <>{parts}</>;
}

function Box({ node, x, y }: { node: Node; x: number; y: number }) {
  const [said, size] = [words(node), opSize(node)];
  const middle = y + size.height / 2;
  const cost = node.params ? `\n${count(node.params)} params, ${count(node.macs)} MACs` : "";
  return (
    <g class={`op ${said.family}`}>
      <title>{`${node.text}\noutput ${dimensions(node.shape)}${cost}`}</title>
      <rect
        x={x - size.left}
        y={y}
        width={size.left + size.right}
        height={size.height}
        rx={said.family === "joint" ? size.height / 2 : 8}
      />
      <text class="op-name" x={x} y={middle + (said.detail ? -2.5 : 4)}>
        {said.name}
      </text>
      {said.detail && (
        <text class="op-detail" x={x} y={middle + 12.5}>
          {said.detail}
        </text>
      )}
    </g>
  );
}

/** The branches side by side, and the joint below them. */
function Forked({ fork, x, y }: { fork: Fork; x: number; y: number }) {
  const sizes = fork.branches.map(extent);
  const [top, bottom] = [y + BEND, y + forkSize(fork).height - opSize(fork.joint).height - BEND];
  let left = x - (hasAxis(fork) ? sizes[0]!.left : widthOf(sizes) / 2);
  const parts = fork.branches.map((branch, i) => {
    const size = sizes[i]!;
    const axis = left + size.left;
    left += size.left + size.right + BETWEEN;
    return (
      <g key={i}>
        <Bend from={[x, y]} to={[axis, top]} />
        <Boxes chain={branch} x={axis} y={top} />
        <Line from={[axis, top + size.height]} to={[axis, bottom]} />
        <Bend from={[axis, bottom]} to={[x, bottom + BEND]} />
      </g>
    );
  });
  return (
    <>
      {parts}
      <Box node={fork.joint} x={x} y={bottom + BEND} />
    </>
  );
}

type Place = [number, number];

function Line({ from, to }: { from: Place; to: Place }) {
  return <path class="wire" d={`M${from[0]} ${from[1]}L${to[0]} ${to[1]}`} />;
}

function Bend({ from: [x1, y1], to: [x2, y2] }: { from: Place; to: Place }) {
  const middle = (y1 + y2) / 2;
  return <path class="wire" d={`M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`} />;
}
