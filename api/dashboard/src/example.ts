// The first search of somebody new, and how it is started from elsewhere.

export const EXAMPLE = {
  name: "first search",
  dataset: "fashion_mnist_mini",
  space: "small",
  objective: { name: "constrained" },
  max_trials: 16,
  parallel: 2,
  finalists: { count: 2, epochs: 8 },
  references: [{ name: "mobilenetv1", widths: [0.125, 0.25, 0.5], stem_stride: "auto" }],
};

export type Way = "curl" | "CLI" | "Python";
export const WAYS: Way[] = ["curl", "CLI", "Python"];

/** JSON on one line, with the spaces that people put. */
const spaced = (value: unknown) =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/([[{]) | ([\]}])/g, "$1$2");

export function commands(origin: string, open: boolean): Record<Way, string> {
  const json = `{\n${Object.entries(EXAMPLE)
    .map(([key, value]) => `  "${key}": ${spaced(value)}`)
    .join(",\n")}\n}`;
  const { name, ...spec } = EXAMPLE;
  const yaml = Object.entries(spec).map(
    ([key, value]) => `${key}: ${typeof value === "string" ? value : spaced(value)}`,
  );
  const shell = open ? "" : "export NAS_API_KEY=nas_...   # from: nas key create\n";
  return {
    curl: [
      `${shell}curl ${origin}/v1/searches \\`,
      "  -H 'Content-Type: application/json' \\",
      ...(open ? [] : ['  -H "Authorization: Bearer $NAS_API_KEY" \\']),
      `  -d '${json}'`,
    ].join("\n"),
    CLI: [
      `export NAS_URL=${origin}`,
      `${shell}cat > first.yaml <<'END'`,
      ...yaml,
      "END",
      `nas search submit first.yaml --name '${name}' --watch`,
    ].join("\n"),
    Python: [
      "from api.client import Client",
      "",
      `client = Client("${origin}"${open ? "" : ', key="nas_..."'})`,
      `search = client.submit(${json})`,
      "for event in search.watch():",
      "    print(event.type)",
      "print(search.pareto())",
    ].join("\n"),
  };
}
