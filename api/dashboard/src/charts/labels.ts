// Labels beside marks, where they cover neither each other nor the marks.

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const LINE = 15;

/** About how wide bold text is in a system font of that size; rather too wide than too narrow. */
export function textWidth(text: string, font = 12): number {
  let units = 0;
  for (const c of text) {
    if ("fijlt.,:;'|!()[] ·".includes(c)) units += 0.42;
    else if ("mwMW%@".includes(c)) units += 1;
    else units += c !== c.toLowerCase() ? 0.76 : 0.68;
  }
  return units * font;
}

export function around(x: number, y: number, radius: number): Box {
  return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

function overlap(a: Box, b: Box): number {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(across, 0) * Math.max(down, 0);
}

const DISTANCES = [3, 12, 24, 40, 60];
const TURNS = [0, 8, 14, 2, 10, 6, 12, 4, 15, 1, 9, 7, 13, 11, 3, 5];

/** Finds room for labels one after the other; each one placed is in the way of the next. */
export class Placer {
  private readonly labels: Box[] = [];

  constructor(
    private readonly bounds: Box,
    private readonly marks: readonly Box[],
  ) {}

  /** The best box of one line for a mark of that radius at (x, y). */
  place(x: number, y: number, width: number, radius: number): Box {
    let [best, least] = [beside(x, y, width, radius, 0), Infinity];
    for (const distance of DISTANCES) {
      for (const turn of TURNS) {
        const box = beside(x, y, width, radius + distance, (turn * Math.PI) / 8);
        const cost = this.cost(box);
        if (cost < least) [best, least] = [box, cost];
      }
    }
    this.labels.push(best);
    return best;
  }

  private cost(box: Box): number {
    const area = (box.right - box.left) * (box.bottom - box.top);
    const sum = (boxes: readonly Box[]) => boxes.reduce((total, other) => total + overlap(box, other), 0);
    return 50 * (area - overlap(box, this.bounds)) + 20 * sum(this.labels) + sum(this.marks);
  }
}

/** A box whose edge is `distance` away from (x, y) in the direction of angle. */
function beside(x: number, y: number, width: number, distance: number, angle: number): Box {
  const middleX = x + Math.cos(angle) * (distance + width / 2);
  const middleY = y + Math.sin(angle) * (distance + LINE / 2);
  return {
    left: middleX - width / 2,
    top: middleY - LINE / 2,
    right: middleX + width / 2,
    bottom: middleY + LINE / 2,
  };
}
