import { test as base, expect, type Page } from "@playwright/test";
import { start, type Server } from "./server.ts";

export const PASSWORD = "correct horse battery";
/** Of every sample account of a demonstration. */
export const DEMO_PASSWORD = "changzhi-2020";

/** The API as somebody who is signed in; for what a test needs and does not itself test. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly cookie: string,
  ) {}

  static async signIn(server: Server, username: string, password = PASSWORD): Promise<Api> {
    return Api.opened(server, "/session", { username, password });
  }

  static async opened(server: Server, path: string, json: unknown): Promise<Api> {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(json),
    });
    expect(response.status, await response.clone().text()).toBe(200);
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return new Api(server.url, cookie);
  }

  async request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const raw = body instanceof Uint8Array;
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        cookie: this.cookie,
        "x-wanquan-request": "1",
        "content-type": raw ? "application/octet-stream" : "application/json",
        ...headers,
      },
      body: body === undefined ? undefined : raw ? new Uint8Array(body) : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Makes an account that holds a role for a region. */
  async addUser(username: string, display_name: string, role: string, region: string): Promise<void> {
    const user = await this.request<{ id: string }>("POST", "/users", {
      username,
      display_name,
      password: PASSWORD,
    });
    await this.request("POST", `/users/${user.id}/grants`, { role, region });
  }
}

interface Fixtures {
  /** A new installation without accounts. */
  server: Server;
  /** The first administrator, `admin`, of that installation. */
  admin: Api;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    // Days begin and end at the place of the installation, whatever the zone of the machine.
    const server = await start("serve", ["--time-zone", "+08:00", "--replay-from", "2020-03-01T00:00:00Z"]);
    await use(server);
    await server.stop();
  },
  admin: async ({ server }, use) => {
    const token = new URL(server.setupLink ?? "").searchParams.get("token");
    await use(
      await Api.opened(server, "/setup", {
        token,
        username: "admin",
        display_name: "Administrator",
        password: PASSWORD,
      }),
    );
  },
  // Named here, the server stops after the page is done with: what still loads then is no fault of the page.
  page: async ({ page, server }, use) => {
    void server;
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    page.on("console", (message) => {
      // A refused request is logged by the browser itself; the tests look at what the page makes of it.
      const refused = /the server responded with a status of 4\d\d/.test(message.text());
      // The server of a test may stop a moment before its page does, whose stream of live changes then breaks off.
      const stopped =
        /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;
      if (message.type() === "error" && !refused && !stopped.test(message.text()))
        failures.push(message.text());
    });
    await use(page);
    expect(failures, "errors in the browser's console").toEqual([]);
  },
});

/** Signs in through the page. */
export async function signIn(
  page: Page,
  server: Server,
  username: string,
  password = PASSWORD,
): Promise<void> {
  await page.goto(`${server.url}/console/sign-in`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main navigation" })).toBeVisible();
}

export { expect } from "@playwright/test";

/** Signs out through the menu of the account, as everybody does. */
export async function signOut(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Account: ${name}` }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}
