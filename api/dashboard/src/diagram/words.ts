// Ops in a reader's words.
import type { Node } from "../api";
import { dimensions } from "../format";

export type Family = "conv" | "depthwise" | "linear" | "pool" | "gate" | "joint" | "plain";
export interface Words {
  name: string;
  detail: string;
  family: Family;
}

const ACTIVATIONS = ["relu", "relu6", "hswish", "sigmoid", "sign"];

/** The words for a node. What is not known is shown as it is written. */
export function words(node: Node): Words {
  const [tag, ...parts] = node.text.split("_");
  const channels = `${node.shape[0] ?? ""} ch`;
  const field = (key: string) => parts.find((part) => new RegExp(`^${key}-?[0-9]`).test(part))?.slice(key.length);
  const stride = field("s") ?? (tag === "pool" ? "2" : "1");
  switch (node.op) {
    case "add":
    case "cat":
      return { name: node.text, detail: "", family: "joint" };
    case "conv":
      return conv(parts, field, channels);
    case "linear":
      return { name: "linear", detail: listed(`${field("") ?? ""} outputs`, activation(parts)), family: "linear" };
    case "pool":
      return {
        name: `${parts.includes("avg") ? "avg" : "max"} pool ${window(field("") ?? "3")}`,
        detail: `stride ${stride}`,
        family: "pool",
      };
    case "gap":
      return { name: "global average", detail: channels, family: "pool" };
    case "se":
      return { name: "squeeze-excite", detail: `through ${field("") ?? ""}`, family: "gate" };
    case "shuffle":
      return { name: "shuffle", detail: `${field("") ?? ""} groups`, family: "plain" };
    case "drop":
      return { name: "dropout", detail: `rate ${field("") ?? "0.5"}`, family: "plain" };
    case "padc":
      return { name: "pad channels", detail: `to ${field("") ?? ""}`, family: "plain" };
    case "lrn":
      return { name: "local norm", detail: `over ${field("") ?? "5"} ch`, family: "plain" };
    case "act":
      return { name: parts[0] ?? "relu", detail: "", family: "plain" };
    default:
      return { name: node.text, detail: "", family: "plain" };
  }
}

function conv(parts: string[], field: (key: string) => string | undefined, channels: string): Words {
  const [out, groups, stride] = [field(""), field("g") ?? "1", field("s") ?? "1"];
  const depthwise = groups !== "1" && groups === out;
  const kind = depthwise ? "depthwise" : "conv";
  const act = parts.includes("linear") ? "linear" : activation(parts) || "relu";
  const detail = listed(
    channels,
    stride === "1" ? "" : `stride ${stride}`,
    groups === "1" || depthwise ? "" : `${groups} groups`,
    act,
  );
  return { name: `${kind} ${window(field("k") ?? "1")}`, detail, family: kind };
}

const activation = (parts: string[]) => parts.find((part) => ACTIVATIONS.includes(part)) ?? "";
const window = (kernel: string) => dimensions([Number(kernel), Number(kernel)]);
const listed = (...parts: string[]) => parts.filter(Boolean).join(" · ");
