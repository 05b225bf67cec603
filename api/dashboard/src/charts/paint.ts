// Trials as dots on a canvas: one sprite, stamped; thousands take milliseconds.
import { colour } from "../theme";
import type { Scene } from "./scene";

const radius = (dots: number) => (dots > 4000 ? 2 : dots > 800 ? 2.8 : 4);

export function paint(canvas: HTMLCanvasElement, scene: Scene): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(scene.width * ratio);
  canvas.height = Math.round(scene.height * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  const { dots } = scene;
  const r = radius(dots.x.length);
  const [dot, triangle] = [sprite(r, ratio, false), sprite(r + 1, ratio, true)];
  for (let i = 0; i < dots.x.length; i++) {
    const stamp = dots.below[i] ? triangle : dot;
    const side = stamp.width / ratio;
    context.drawImage(stamp, dots.x[i]! - side / 2, dots.y[i]! - side / 2 - (dots.below[i] ? 4 : 0), side, side);
  }
}

function sprite(r: number, ratio: number, triangle: boolean): HTMLCanvasElement {
  const side = 2 * r + 3;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(side * ratio);
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  context.translate(side / 2, side / 2);
  context.beginPath();
  if (triangle) {
    context.moveTo(0, r);
    context.lineTo(r, -r * 0.8);
    context.lineTo(-r, -r * 0.8);
    context.closePath();
  } else context.arc(0, 0, r, 0, 2 * Math.PI);
  context.globalAlpha = 0.55;
  context.fillStyle = colour("dot");
  context.fill();
  if (r > 2.5) {
    context.globalAlpha = 1;
    context.lineWidth = 1;
    context.strokeStyle = colour("card");
    context.stroke();
  }
  return canvas;
}
