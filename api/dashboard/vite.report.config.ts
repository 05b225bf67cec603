import { defineConfig } from "vite";

// The figures of `nas run`'s report.html as one script and one style sheet, which the page carries in itself.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "../../nas/report/figures",
    emptyOutDir: true,
    copyPublicDir: false,
    license: { fileName: "licenses.md" },
    lib: { entry: "src/report.tsx", formats: ["iife"], name: "report", fileName: () => "figures.js", cssFileName: "figures" },
  },
});
