// The diagram of a network as a series-parallel tree, member by member.
import type { Diagram, Node } from "../api";

/** Branches from one point that meet in a joint; an empty branch is the input itself. */
export interface Fork {
  joint: Node;
  branches: Chain[];
}
export type Chain = (Node | Fork)[];

/** Equal members of a network in a row: first and last number, the shapes around them, the cost of one. */
export interface Member {
  first: number;
  last: number;
  chain: Chain;
  input: number[];
  output: number[];
  params: number;
  macs: number;
}

export const isFork = (item: Node | Fork): item is Fork => "joint" in item;

/** The members in order; neighbours that are the same in all but their number are one. */
export function members(diagram: Diagram): Member[] {
  const folded: Member[] = [];
  let look = "";
  for (const member of new Graph(diagram).members()) {
    const signature = JSON.stringify(signatureOf(member.chain));
    if (signature === look) folded.at(-1)!.last = member.last;
    else folded.push(member);
    look = signature;
  }
  return folded;
}

const lookOf = (node: Node) => [node.text, ...node.shape, node.params];

function signatureOf(chain: Chain): unknown[] {
  return chain.map((item) => (isFork(item) ? [lookOf(item.joint), item.branches.map(signatureOf)] : lookOf(item)));
}

/** Nodes by id, in an order in which edges go upwards, and the dominator of each. */
class Graph {
  private readonly nodes: Map<number, Node>;
  private readonly before = new Map<number, number[]>();
  private readonly dominator = new Map<number, number | null>();

  constructor(diagram: Diagram) {
    this.nodes = new Map([...diagram.nodes].sort((a, b) => a.id - b.id).map((node) => [node.id, node]));
    for (const id of this.nodes.keys()) this.before.set(id, []);
    for (const [tail, head] of diagram.edges) this.before.get(head)?.push(tail);
    for (const id of this.nodes.keys()) this.dominator.set(id, this.meet(this.before.get(id)!));
  }

  members(): Member[] {
    const groups = new Map<number, Node[]>();
    for (const node of this.nodes.values()) {
      if (node.member < 0) continue;
      groups.set(node.member, [...(groups.get(node.member) ?? []), node]);
    }
    let entry = 0;
    return [...groups].map(([number, nodes]) => {
      const tail = nodes.at(-1)!;
      const sum = (key: "params" | "macs") => nodes.reduce((total, node) => total + node[key], 0);
      const chain = this.chain(entry, tail.id);
      const input = this.nodes.get(entry)?.shape ?? [];
      entry = tail.id;
      return {
        first: number,
        last: number,
        chain,
        input,
        output: tail.shape,
        params: sum("params"),
        macs: sum("macs"),
      };
    });
  }

  /** What lies after start, up to and with end. */
  private chain(start: number, end: number): Chain {
    const items: Chain = [];
    let at: number | null = end;
    while (at !== null && at !== start) {
      const node: Node = this.nodes.get(at)!;
      const tails: number[] = this.before.get(at)!;
      const fork: number | null = this.dominator.get(at) ?? null;
      items.push(
        tails.length > 1 ? { joint: node, branches: tails.map((tail) => this.chain(fork ?? start, tail)) } : node,
      );
      at = fork;
    }
    return items.reverse();
  }

  /** The last node that every path to all of tails goes through. */
  private meet(tails: number[]): number | null {
    const paths = tails.map((tail) => this.path(tail));
    const common = paths[0]?.filter((id) => paths.every((path) => path.includes(id))) ?? [];
    return common.length ? Math.max(...common) : null;
  }

  private path(node: number): number[] {
    const path: number[] = [];
    for (let at: number | null = node; at !== null; at = this.dominator.get(at) ?? null) path.push(at);
    return path;
  }
}
