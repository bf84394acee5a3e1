// What startLocal() of semel/testing runs: constructs of the real CDK, and what is none (SO1 of lib/testing/local/source.ts).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, CfnOutput, Stack, Stage } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct, RootConstruct } from "constructs";
import { type CdkConstruct, startLocal } from "semel/testing";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "semel-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Shared -> Shop (refers to Shared's queue), Other, and a Stage with a stack of its own. */
function makeApp() {
  const app = new App({ outdir: mkdtempSync(join(folder, "cdk.out-")) });
  const shared = new Stack(app, "Shared");
  const queue = new Queue(shared, "Jobs");
  const shop = new Stack(app, "Shop");
  new CfnOutput(shop, "Url", { value: queue.queueUrl });
  const other = new Stack(app, "Other");
  new Queue(other, "Others");
  const stage = new Stage(app, "Beta");
  const inner = new Stack(stage, "Inner");
  new Queue(inner, "Inside");
  return { app, shared, queue, shop, other, stage, inner };
}

describe("a construct", () => {
  it("runs: an App all of it, a Stage its stacks, a Stack itself and what it depends on", async () => {
    const { app, shop, stage, inner } = makeApp();
    const stacksOf = async (source: CdkConstruct): Promise<string[]> => {
      await using cloud = await startLocal(source);
      return [...cloud.stackNames].sort();
    };
    expect(await stacksOf(app)).toEqual(["Beta-Inner", "Other", "Shared", "Shop"]);
    expect(await stacksOf(shop)).toEqual(["Shared", "Shop"]);
    expect(await stacksOf(stage)).toEqual(["Beta-Inner"]);
    expect(await stacksOf(inner)).toEqual(["Beta-Inner"]);
    await using cloud = await startLocal(shop);
    expect(cloud.outputs("Shop")["Url"]).toBe(cloud.queues[0]?.url);
    await cloud.send("Jobs", { a: 1 });
  });

  it("is synthesized once, also when two ask at a time; stacks may be chosen", async () => {
    const { app, other, shop, inner } = makeApp();
    let synths = 0;
    const synth = app.synth.bind(app);
    app.synth = (options) => {
      synths += 1;
      return synth(options);
    };
    await (await startLocal(inner)).stop();
    expect(synths).toBe(0); // its stage was enough
    const clouds = await Promise.all([startLocal(app, { stacks: ["Other"] }), startLocal(other), startLocal(shop)]);
    expect(clouds.map(({ stackNames }) => [...stackNames].sort())).toEqual([["Other"], ["Other"], ["Shared", "Shop"]]);
    expect(synths).toBe(1); // SO1
    await Promise.all(clouds.map((cloud) => cloud.stop()));
  });

  it("that is no App, Stage or Stack is refused, and so is anything else", async () => {
    const { queue, app } = makeApp();
    const wrong = (source: unknown) => startLocal(source as string);
    await expect(wrong(queue)).rejects.toThrow(/source is another construct \(Queue\d*\); give the path of a cloud/);
    await expect(wrong(new Construct(app, "Plain"))).rejects.toThrow(/another construct \(Construct\)/);
    for (const [source, seen] of [
      [undefined, "undefined"],
      [null, "null"],
      [{}, "Object"],
      [Stack, "function"],
      [7, "number"],
    ]) {
      await expect(wrong(source)).rejects.toThrow(`the source is no construct (${seen as string})`);
    }
  });
});

describe("a Stack without an App", () => {
  it("has one that CDK made for it, or is told so", async () => {
    const stack = new Stack();
    onTestFinished(() => rmSync((stack.node.root as App).outdir, { recursive: true }));
    new Queue(stack, "Lonely");
    await using cloud = await startLocal(stack);
    expect(cloud.queues.map(({ logicalId }) => logicalId)).toEqual([expect.stringMatching(/^Lonely/)]);
    const loose = new Stack(new RootConstruct(), "Loose");
    await expect(startLocal(loose)).rejects.toThrow(/the stack "Loose\w*" is in no App/);
  });
});
