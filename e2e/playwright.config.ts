import { defineConfig } from "@playwright/test";

/** Browser tests against the real executable; `scripts/browser-tests` finds both and starts them. */
export default defineConfig({
  testDir: "tests",
  // Each test starts a server of its own in an empty folder, so they may run beside each other.
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // A check of a change asks once more, and what passes only then is listed as flaky: a fault to look for, not to wait for.
  retries: Number(process.env.WANQUAN_BROWSER_RETRIES ?? 0),
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    locale: "en-GB",
    timezoneId: "America/Lima",
    viewport: { width: 1440, height: 1000 },
    actionTimeout: 20_000,
    // Menus and dialogs stand still at once: what is clicked does not move.
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
