// A network that nas exported, in the browser: what its file says of itself, a picture prepared as it says, its scores.
import * as ort from "onnxruntime-web";

/** The network in the bytes of an .onnx file. about: its metadata, such as classes and preprocessing. */
export async function open(bytes) {
  return { about: metadata(bytes), session: await ort.InferenceSession.create(bytes) };
}

/** The classes with their probabilities, the likeliest first. picture: an ImageBitmap, turned as the camera noted. */
export async function classify({ about, session }, picture) {
  const input = prepared(picture, about.preprocessing);
  const { [session.outputNames[0]]: scores } = await session.run({ [session.inputNames[0]]: input });
  const most = Math.max(...scores.data);
  const weights = Array.from(scores.data, (score) => Math.exp(score - most));
  const sum = weights.reduce((a, b) => a + b);
  return about.classes
    .map((name, number) => ({ name, share: weights[number] / sum }))
    .sort((a, b) => b.share - a.share);
}

/** The steps of docs/preprocessing.md that the file leaves to its user, in their order. */
function prepared(picture, how) {
  const pixels = pixelsOf(picture, how);
  const { width, height, channels, planes } = pixels;
  if (how.input === "uint8") {
    const mixed = new Uint8Array(width * height * channels);
    planes.forEach((plane, channel) => plane.forEach((value, at) => (mixed[at * channels + channel] = value)));
    return new ort.Tensor("uint8", mixed, [1, height, width, channels]);
  }
  const side = Math.min(width, height);
  const square = { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
  const [rows, columns] = how.resolution;
  const values = new Float32Array(channels * rows * columns);
  planes.forEach((plane, channel) => {
    const [sizeRows, sizeColumns] = how.size;
    const cut = resized(plane, { width, height }, square, { width: sizeColumns, height: sizeRows });
    const normal = cut.map((value) => (Math.round(value) * how.scale - how.mean[channel]) / how.std[channel]);
    const size = { width: sizeColumns, height: sizeRows };
    const whole = { left: 0, top: 0, ...size };
    values.set(resized(normal, size, whole, { width: columns, height: rows }), channel * rows * columns);
  });
  return new ort.Tensor("float32", values, [1, channels, rows, columns]);
}

/** The picture on its background, as a plane of numbers from 0 to 255 for each channel. */
function pixelsOf(picture, how) {
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.fillStyle = how.background;
  canvas.fillRect(0, 0, width, height);
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  const plane = (value) => Float32Array.from({ length: width * height }, (_, at) => value(4 * at));
  const planes =
    how.channels === "L"
      ? [plane((at) => Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]))]
      : [0, 1, 2].map((channel) => plane((at) => data[at + channel]));
  return { width, height, channels: planes.length, planes };
}

/** A box of a plane at another size, by a bilinear filter that is widened where it shrinks. */
function resized(plane, from, box, to) {
  const across = taps(box.left, box.width, from.width, to.width);
  const down = taps(box.top, box.height, from.height, to.height);
  const between = new Float32Array(to.width * from.height);
  for (let y = 0; y < from.height; y++)
    across.forEach(({ first, weights }, x) => {
      between[y * to.width + x] = weights.reduce((sum, weight, i) => sum + weight * plane[y * from.width + first + i], 0);
    });
  const found = new Float32Array(to.width * to.height);
  down.forEach(({ first, weights }, y) => {
    for (let x = 0; x < to.width; x++)
      found[y * to.width + x] = weights.reduce((sum, weight, i) => sum + weight * between[(first + i) * to.width + x], 0);
  });
  return found;
}

/** For each of `count` pixels, which of `length` others it is made of, from `start` on over `extent`: a triangle. */
function taps(start, extent, length, count) {
  const step = extent / count;
  const reach = Math.max(step, 1);
  return Array.from({ length: count }, (_, number) => {
    const centre = start + (number + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(length, Math.floor(centre + reach + 0.5));
    const heights = Array.from({ length: last - first }, (_, i) =>
      Math.max(0, 1 - Math.abs(first + i + 0.5 - centre) / reach),
    );
    const sum = heights.reduce((a, b) => a + b);
    return { first, weights: heights.map((height) => height / sum) };
  });
}

const METADATA = 14; // ModelProto.metadata_props in onnx.proto: pairs of key (1) and value (2)

/** The metadata of an .onnx file, which onnxruntime-web does not show: JSON texts by name. */
function metadata(bytes) {
  const text = new TextDecoder();
  const pairs = fields(bytes)
    .filter(({ number }) => number === METADATA)
    .map(({ content }) => fields(content).map((field) => text.decode(field.content)));
  return Object.fromEntries(pairs.map(([key, value]) => [key, JSON.parse(value)]));
}

/** The fields of a protobuf message that have a length, such as texts and messages. */
function fields(bytes) {
  const found = [];
  let at = 0;
  const varint = () => {
    for (let value = 0, unit = 1; ; unit *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) varint();
    else if (kind === 2) {
      const length = varint();
      found.push({ number: key >>> 3, content: bytes.subarray(at, at + length) });
      at += length;
    } else at += kind === 1 ? 8 : 4;
  }
  return found;
}
