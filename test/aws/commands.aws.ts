// Every command of the runtime, through all its strategies: that what is given takes them, and what IAM asks for them.

import { afterAll, beforeAll, describe, it } from "vitest";
import { runEffects, runInserts, runRedeliveries, runStates } from "../support/every-command.ts";
import { fact, suite } from "./fact.ts";
import { givenFor, missing } from "./given.ts";
import { examineGrants } from "./iam.ts";
import { type RealSurroundings, startSurroundings } from "./surroundings.ts";

const lacking = missing("DynamoDB") ?? missing("SQS");
const roleArn = process.env["SEMEL_TEST_AWS_ROLE_ARN"] || undefined;
const onAws = lacking === undefined && givenFor("DynamoDB").kind === "aws";

let surroundings: RealSurroundings;
beforeAll(async () => {
  if (lacking === undefined) surroundings = await startSurroundings();
});
afterAll(() => surroundings?.stop());

suite("every command of the runtime", lacking, () => {
  describe("every command of the runtime", () => {
    it("effects, a failed condition, a rejection", () => runEffects(surroundings.around));
    it("redelivered messages, a claim given back, taken over and committed", () =>
      runRedeliveries(surroundings.around));
    it("strategy insert, its duplicates and its rejection", () => runInserts(surroundings.around));
    it("keyed state, in calls of many and alone", () => runStates(surroundings.around));
  });
});

const lackingIam = onAws
  ? roleArn === undefined
    ? "SEMEL_TEST_AWS_ROLE_ARN is not set: a role that may do all on tables and queues named semel-test-*, for sessions of less"
    : undefined
  : (lacking ?? "no engine but AWS checks IAM");

fact(
  {
    id: "IAM",
    question: "whether the actions granted are those that are needed",
    missing: lackingIam,
    timeoutMs: 300_000,
  },
  async () => examineGrants(await surroundings.stage(roleArn ?? "")),
);
