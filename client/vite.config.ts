/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { type Plugin, defineConfig } from "vite";
import { demo } from "./dev/model";
import { startModel } from "./e2e/support/model";

const host = process.env["BRICKLAYER_DEV_HOST"] ?? "http://127.0.0.1:8000";

/** The scripted model of the browser tests, beside the development page; `cargo xtask dev` tells the host of it. */
function scriptedModel(port: string | undefined): Plugin {
  return {
    name: "scripted-model",
    apply: "serve",
    configureServer: async () => {
      if (port !== undefined) await startModel(demo, Number(port));
    },
  };
}

export default defineConfig({
  plugins: [react(), scriptedModel(process.env["BRICKLAYER_DEV_MODEL_PORT"])],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: { "/api": host, "/docs": host, "/openapi.json": host },
  },
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    // The host serves a strict content security policy: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 30_000,
    setupFiles: ["src/shared/testing/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
