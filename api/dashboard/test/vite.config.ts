import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

// The tests as plain modules for `node --test`, so that any Node which builds the dashboard tests it too.
const input = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `${import.meta.dirname}/${name}`);

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    ssr: true,
    outDir: ".test",
    emptyOutDir: true,
    copyPublicDir: false,
    rolldownOptions: { input, output: { entryFileNames: "[name].mjs" } },
  },
});
