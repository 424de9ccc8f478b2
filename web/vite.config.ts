import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` asks a running server: `wanquan demo`, or the one that WANQUAN_SERVER names.
const server = process.env.WANQUAN_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/console/",
  resolve: {
    alias: {
      // A helper for tests inside @rjsf/core asks for the schema compiler, which a strict content security policy forbids.
      "@rjsf/validator-ajv8": join(import.meta.dirname, "src/console/features/registers/serverDecides.ts"),
    },
  },
  plugins: [react()],
  server: { proxy: { "/api": { target: server } } },
  build: {
    target: "es2022",
    // Inlined assets would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
