// @vitest-environment node
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

const HERE = import.meta.dirname;

it("the generated types are those of the committed contract (`make openapi` renews both)", async () => {
  const contract = await readFile(join(HERE, "../../../crates/server/openapi.json"), "utf8");
  const committed = await readFile(join(HERE, "schema.d.ts"), "utf8");
  const fresh = COMMENT_HEADER + astToString(await openapiTS(contract));
  expect(committed).toBe(fresh);
});
