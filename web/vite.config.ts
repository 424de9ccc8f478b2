import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mockApi } from "./dev/mock.ts";

// `npm run dev` answers from synthetic data unless WANQUAN_SERVER names a running server.
const server = process.env.WANQUAN_SERVER;

export default defineConfig({
  base: "/console/",
  resolve: {
    alias: {
      // A helper for tests inside @rjsf/core asks for the schema compiler, which a strict content security policy forbids.
      "@rjsf/validator-ajv8": join(import.meta.dirname, "src/console/features/registers/serverDecides.ts"),
    },
  },
  plugins: [react(), ...(server ? [] : [mockApi()])],
  server: { proxy: server ? { "/api": { target: server } } : {} },
  build: {
    target: "es2022",
    // Inlined assets would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
