import { defineConfig } from "vite";

// `npm run dev` shows the pages with the data of a service that runs elsewhere.
const service = { target: "http://127.0.0.1:8000", changeOrigin: true };

export default defineConfig({
  base: "./", // the service adds what its page is below
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // MIT asks that its notice goes with the copies.
  build: {
    license: { fileName: "licenses.md" },
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/v1": service, "/docs": service, "/openapi.json": service } },
});
