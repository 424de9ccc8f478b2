import { expectAccessible } from "../support/axe.ts";
import { expect, PASSWORD, signIn, signOut, test } from "../support/fixtures.ts";

test("the printed link makes the first administrator, once", async ({ page, server }) => {
  await page.goto(server.setupLink ?? "");
  await expect(page.getByRole("heading", { name: "Create the first administrator" })).toBeVisible();
  await expectAccessible(page, "the set-up page");

  await page.getByLabel("User name").fill("chief");
  await page.getByLabel("Name shown to others").fill("Chief of the office");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByLabel("Repeat the password").fill("different");
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByText("The passwords differ")).toBeVisible();

  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat the password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("button", { name: "Account: Chief of the office" })).toBeVisible();

  await page.goto(server.setupLink ?? "");
  await page.getByLabel("User name").fill("second");
  await page.getByLabel("Name shown to others").fill("Somebody else");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat the password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("used already");
});

test("a wrong password is refused and the right one opens the page that was asked for", async ({
  page,
  server,
  admin,
}) => {
  void admin;
  await page.goto(`${server.url}/console/administration/users`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expectAccessible(page, "the sign-in page");
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("User name or password is wrong");

  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/console\/administration\/users$/);

  await signOut(page, "Administrator");
});

test("the language is kept across visits and signing in", async ({ page, server, admin }) => {
  void admin;
  await page.goto(`${server.url}/console/sign-in`);
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.getByRole("heading", { name: "登录" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");

  await page.getByLabel("用户名").fill("admin");
  await page.getByLabel("密码", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("navigation", { name: "主导航" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("navigation", { name: "主导航" })).toBeVisible();
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("navigation", { name: "Main navigation" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("link", { name: "Situation" })).toBeVisible();
});

test("whoever has no account sees nothing but the sign-in", async ({ page, server }) => {
  const refused = await page.request.get(`${server.url}/api/v1/session`);
  expect(refused.status()).toBe(401);
  expect(await refused.json()).toMatchObject({
    code: "not_signed_in",
    status: 401,
  });
  await page.goto(`${server.url}/console/registers`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(page.getByRole("navigation")).toHaveCount(0);
});

test("the console keeps to a strict content security policy", async ({ page, server, admin }) => {
  void admin;
  const blocked: string[] = [];
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) blocked.push(message.text());
  });
  await signIn(page, server, "admin");
  const answer = await page.request.get(`${server.url}/console/`);
  expect(answer.headers()["content-security-policy"]).toContain("default-src 'self'");
  expect(blocked).toEqual([]);
});

test("whoever is signed in changes the own password", async ({ page, server, admin }) => {
  void admin;
  await signIn(page, server, "admin");
  await page.getByRole("button", { name: "Account: Administrator" }).click();
  await page.getByRole("menuitem", { name: "My account" }).click();
  await expectAccessible(page, "the own account");
  const changed = `${PASSWORD} anew`;
  const fill = async (current: string, repeated: string) => {
    await page.getByLabel("Present password").fill(current);
    await page.getByLabel("New password", { exact: true }).fill(changed);
    await page.getByLabel("Repeat the password").fill(repeated);
    await page.getByRole("button", { name: "Change the password" }).click();
  };
  await fill(PASSWORD, "something else");
  await expect(page.getByText("The passwords differ")).toBeVisible();
  await fill("not the password", changed);
  await expect(page.getByRole("alert")).toBeVisible();
  await fill(PASSWORD, changed);
  await expect(page.getByText("The password is changed")).toBeVisible();
  // The session goes on, with the new password only.
  await page.reload();
  await signOut(page, "Administrator");
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill(changed);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});

test("a machine without any network still works with its own server", async ({ page, server, admin }) => {
  void admin;
  await signIn(page, server, "admin");
  // What a browser says when the cable is pulled; the server on the same machine answers as before.
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await page.getByRole("link", { name: "Registers" }).click();
  await expect(page.getByRole("link", { name: "Cases", exact: true })).toBeVisible();
  await signOut(page, "Administrator");
});

test("a sign-out that fails is said and can be tried again", async ({ page, server, admin }) => {
  void admin;
  await signIn(page, server, "admin");
  await page.route("**/api/v1/session", (route) =>
    route.request().method() === "DELETE" ? route.abort("connectionrefused") : route.continue(),
  );
  await page.getByRole("button", { name: "Account: Administrator" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByText("You are still signed in")).toBeVisible();
  await page.unroute("**/api/v1/session");
  await signOut(page, "Administrator");
});
