// What the labels of the Pareto plot are to leave free.
import { around, type Box } from "./labels";
import type { Dots } from "./scene";

type Line = readonly [number, number][];

interface Standing {
  dots: Dots;
  /** Places of finalists and references. */
  signs: Line;
  front: Line;
  /** Lines through references. */
  curves: readonly Line[];
  target: number | null;
}

/** Half the width of a sign. */
const SIGN = 7;
/** Between the boxes along a curve, in pixels. */
const STEP = 6;
const MOST_DOTS = 400;

export function obstacles({ dots, signs, front, curves, target }: Standing, area: Box): Box[] {
  const stride = Math.max(1, Math.floor(dots.x.length / MOST_DOTS));
  const boxes: Box[] = [...signs.map(([x, y]) => around(x, y, SIGN)), ...curves.flatMap(along)];
  for (let i = 0; i < dots.x.length; i += stride) boxes.push(around(dots.x[i]!, dots.y[i]!, 6));
  for (let i = 1; i < front.length; i++) {
    const [[x1, y1], [x2, y2]] = [front[i - 1]!, front[i]!];
    boxes.push({
      left: Math.min(x1, x2) - 1,
      top: Math.min(y1, y2) - 1,
      right: Math.max(x1, x2) + 1,
      bottom: Math.max(y1, y2) + 1,
    });
  }
  if (target !== null) boxes.push({ left: target - 3, top: area.top, right: target + 3, bottom: area.bottom });
  return boxes;
}

/** Small boxes along a line, which may be steep: a label is to cover none of it. */
function along(line: Line): Box[] {
  return line.slice(1).flatMap(([x2, y2], i) => {
    const [x1, y1] = line[i]!;
    const steps = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1) / STEP));
    return Array.from({ length: steps + 1 }, (_, k) =>
      around(x1 + ((x2 - x1) * k) / steps, y1 + ((y2 - y1) * k) / steps, STEP / 2),
    );
  });
}
