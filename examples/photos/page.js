// The page: a picture in, a bar for each of the likeliest classes out.
import { classify, open } from "./model.js";

const SHOWN = 5;
const [about, drop, file, picture, hint, classes] = ["about", "drop", "file", "picture", "hint", "classes"].map((id) =>
  document.getElementById(id),
);

async function load() {
  const answer = await fetch("model.onnx");
  if (!answer.ok) throw new Error("there is no model.onnx beside this page: copy yours here");
  const model = await open(new Uint8Array(await answer.arrayBuffer()));
  about.textContent = `${model.about.classes.length} classes: ${model.about.classes.join(", ")}.`;
  file.disabled = false;
  return model;
}

async function show(chosen) {
  const model = await loading;
  const bitmap = await createImageBitmap(chosen, { imageOrientation: "from-image" }).catch(() => {
    throw new Error(`This browser cannot read ${chosen.name}: take a JPEG, PNG or WebP.`);
  });
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(chosen);
  picture.hidden = false;
  hint.hidden = true;
  const began = performance.now();
  const found = await classify(model, bitmap);
  const took = performance.now() - began;
  classes.replaceChildren(...found.slice(0, SHOWN).map(bar));
  about.className = "";
  about.textContent = `${found[0].name}, in ${took.toFixed(0)} ms with all preparation.`;
}

function bar({ name, share }) {
  const item = document.createElement("li");
  const [label, amount] = [name, `${(100 * share).toFixed(1)} %`].map((text) => {
    const part = document.createElement("span");
    part.textContent = text;
    return part;
  });
  const meter = document.createElement("meter");
  meter.value = share;
  meter.ariaLabel = name;
  item.append(label, meter, amount);
  return item;
}

function failed(error) {
  classes.replaceChildren();
  picture.hidden = true;
  hint.hidden = false;
  about.textContent = error.message;
  about.className = "wrong";
}

const loading = load();
loading.catch(failed);
file.addEventListener("change", () => file.files.length && show(file.files[0]).catch(failed));
drop.addEventListener("dragover", (event) => event.preventDefault());
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const [dropped] = event.dataTransfer.files;
  if (dropped) show(dropped).catch(failed);
});
