import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["TAMIS_URL"] ?? "http://127.0.0.1:8080";
// The server takes requests of its own pages alone, so the proxy speaks in its name.
const proxy = {
  target: server,
  changeOrigin: true,
  headers: { origin: server },
};

export default defineConfig({
  root: here("."),
  base: "/console/",
  resolve: { alias: { "@tamis/client": here("../clients/typescript/src/index.ts") } },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    outDir: here("./dist"),
    assetsInlineLimit: 0, // the content security policy allows no inline code
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": proxy, "/metrics": proxy, "/healthz": proxy, "/readyz": proxy, "/openapi.json": proxy } },
});
