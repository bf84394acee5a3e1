import { expect, it } from "vitest";

it("the tests run on the project's own Node 24, whatever the system has", () => {
  expect(process.version).toMatch(/^v24\./);
});
