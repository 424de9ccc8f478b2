import { expectAccessible } from "../support/axe.ts";
import { expect, PASSWORD, signIn, signOut, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";

test("an administrator makes an account, gives it a role, and takes both away", async ({
  page,
  server,
  admin,
}) => {
  void admin;
  await signIn(page, server, "admin");
  await page.getByRole("link", { name: "Administration" }).click();
  await page.getByRole("button", { name: "New user" }).click();
  const dialog = page.getByRole("dialog", { name: "New user" });
  await dialog.getByLabel("User name").fill("zhang");
  await dialog.getByLabel("Name shown to others").fill("Zhang");
  await dialog.getByLabel("First password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Create user" }).click();
  await expect(dialog).toBeHidden();

  await page.getByRole("button", { name: "Add role to zhang" }).click();
  const grant = page.getByRole("dialog", { name: "Add role to zhang" });
  await choose(page, "Role", "Epidemiologist");
  await choose(page, "Region", "襄垣县", "襄垣");
  await grant.getByRole("button", { name: "Add role" }).click();
  await expect(grant).toBeHidden();
  await expect(page.getByRole("button", { name: /Epidemiologist · 襄垣县/ })).toBeVisible();
  await expectAccessible(page, "the list of users");

  // The own account stays: whoever locked it could not come back.
  const own = page.getByRole("row", { name: /admin/ });
  await expect(own.getByRole("button", { name: "Disable" })).toBeDisabled();

  const row = page.getByRole("row", { name: /zhang/ });
  await row.getByRole("button", { name: "Disable" }).click();
  await expect(row.getByText("disabled")).toBeVisible();
  await signOut(page, "Administrator");
  await page.getByLabel("User name").fill("zhang");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("User name or password is wrong");
});

test("roles show what they allow", async ({ page, server, admin }) => {
  void admin;
  await signIn(page, server, "admin");
  await page.goto(`${server.url}/console/administration/roles`);
  await expect(page.getByRole("row", { name: /^Commander/ })).toContainText("Assess signals");
  await expect(page.getByRole("row", { name: /^Data clerk/ })).not.toContainText("Assess signals");
  await expectAccessible(page, "the list of roles");
});

test("a token works until it is revoked", async ({ page, server, admin }) => {
  void admin;
  await signIn(page, server, "admin");
  await page.goto(`${server.url}/console/administration/tokens`);
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog", { name: "New token" });
  await dialog.getByLabel("Name of the token").fill("nightly export");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = await dialog.getByLabel("Token", { exact: true }).innerText();
  const ask = () =>
    fetch(`${server.url}/api/v1/session`, {
      headers: { authorization: `Bearer ${token}` },
    });
  expect((await ask()).status).toBe(200);
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await expect(page.getByRole("row", { name: /nightly export/ })).toBeVisible();
  await expectAccessible(page, "the list of tokens");
  await page
    .getByRole("row", { name: /nightly export/ })
    .getByRole("button", { name: "Revoke" })
    .click();
  await page.getByRole("tooltip").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("row", { name: /nightly export/ })).toBeHidden();
  expect((await ask()).status).toBe(401);
});

test("the navigation holds what the roles open and nothing else", async ({ page, server, admin }) => {
  await admin.addUser("li", "Li", "data_clerk", "140423");
  await admin.addUser("sun", "Sun", "portal_editor", "140400");
  await signIn(page, server, "sun");
  const nav = page.getByRole("navigation", { name: "Main navigation" });
  await expect(nav.getByRole("link", { name: "Comments" })).toBeVisible();
  for (const closed of ["Duty desk", "Directives", "Signals", "Supervision"])
    await expect(nav.getByRole("link", { name: closed })).toHaveCount(0);
  await signOut(page, "Sun");
  await signIn(page, server, "li");
  await expect(nav.getByRole("link", { name: "Registers" })).toBeVisible();
  await expect(nav.getByRole("link", { name: "Publications" })).toHaveCount(0);
  await page.getByRole("link", { name: "Administration" }).click();
  await expect(page.getByText("Only administrators see and change accounts")).toBeVisible();
});
