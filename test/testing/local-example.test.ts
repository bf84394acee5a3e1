// The README's example, on this repository's orders service.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, RemovalPolicy } from "aws-cdk-lib";
import { startLocal } from "semel/testing";
import { afterAll, expect, it } from "vitest";
import { OrdersStack } from "../../functions/orders/stack.ts";
import { line } from "./order-line.ts";

// Inside this repository the package "semel" is its TypeScript sources; see bin/app.ts.
const bundling = { esbuildArgs: { "--conditions": "@semel/source,module" } };
const outdir = mkdtempSync(join(tmpdir(), "semel-example-"));
afterAll(() => rmSync(outdir, { recursive: true }));
const stack = new OrdersStack(new App({ outdir }), "Orders", { removalPolicy: RemovalPolicy.DESTROY, bundling });

it("counts an order once, although the answer to its commit is lost", { timeout: 60_000 }, async () => {
  await using cloud = await startLocal(stack);
  const { faults } = cloud;
  const lost = { fault: "reset-after", service: "dynamodb", operation: "TransactWriteItems", limit: 1 } as const;
  faults.inject(lost);
  await cloud.send("OrdersQueue", [line, line]);
  await cloud.idle();
  expect(await cloud.item("Customers", { customerId: line.customerId })).toMatchObject({ lines: 1 });
  expect(await cloud.deadLetters("OrdersQueue")).toEqual([]);
  expect(faults.counts()).toEqual({ "reset-after": 1 });
});
