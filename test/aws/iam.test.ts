// The examination of grants itself, over the memory store: IA1 and IA2 of iam.ts. What stands for IAM here takes the policy by
// its word; that AWS does the same is what test:aws finds out.

import { describe, expect, it } from "vitest";
import { queueUseOf, type Use, usesOf } from "../support/every-command.ts";
import { memorySurroundings } from "../support/every-command-in-memory.ts";
import { named } from "../support/faulty-send.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import {
  ALL_GRANTS,
  examineGrants,
  policyWithout,
  type Resource,
  SESSION_POLICY_CHARACTERS_MAX,
  type Stage,
} from "./iam.ts";

const ARNS: Readonly<Record<Resource, string>> = {
  Records: "Records",
  Ledger: "Ledger",
  Journal: "Journal",
  States: "States",
  queue: "orders",
  deadLetterQueue: DLQ_URL,
};

interface Policy {
  readonly Statement: readonly { readonly Action: readonly string[]; readonly Resource: string }[];
}
type Judge = (use: Use, allowed: boolean) => boolean;

function stage(judge: Judge = (_, allowed) => allowed): Stage {
  const around = memorySurroundings();
  return {
    around,
    arns: ARNS,
    async assume(text) {
      const { Statement } = JSON.parse(text) as Policy;
      const check = (uses: readonly Use[]): void => {
        for (const use of uses) {
          const allowed = Statement.some(
            ({ Action, Resource }) => Resource === use.resource && Action.includes(use.action),
          );
          if (!judge(use, allowed)) throw named("AccessDeniedException", `${use.action} on ${use.resource}`);
        }
      };
      return {
        send: async (request, options) => {
          check(usesOf(request));
          return around.send(request, options);
        },
        sqsSend: async (request, options) => {
          check([queueUseOf(request)]);
          return around.sqsSend(request, options);
        },
      };
    },
  };
}

describe.concurrent("the examination of grants", () => {
  it("IA1, IA2: passes where all is needed, and nothing else", async () => {
    expect(await examineGrants(stage())).toMatch(/^22 actions are enough, and each is needed/);
  });

  it.each(ALL_GRANTS)("IA2: tells that $action on $resource is allowed though it was not granted", async (grant) => {
    const generous: Judge = ({ action, resource }, allowed) =>
      allowed || (action === grant.action && resource === ARNS[grant.resource]);
    await expect(examineGrants(stage(generous))).rejects.toThrow(
      `${grant.action} on ${grant.resource} is granted, but without it`,
    );
  });

  it.each(ALL_GRANTS)("IA1: tells that $action on $resource is denied though it was granted", async (grant) => {
    const mean: Judge = ({ action, resource }, allowed) =>
      allowed && !(action === grant.action && resource === ARNS[grant.resource]);
    await expect(examineGrants(stage(mean))).rejects.toThrow();
  });

  it("makes policies that a session takes, however long the names", () => {
    const long = (resource: string) =>
      `arn:aws:dynamodb:ap-southeast-1:123456789012:table/semel-test-1a2b3c4d5e-6f7g8h-${resource}`;
    const arns = Object.fromEntries(Object.keys(ARNS).map((resource) => [resource, long(resource)])) as typeof ARNS;
    expect(policyWithout(undefined, arns).length).toBeLessThanOrEqual(SESSION_POLICY_CHARACTERS_MAX);
  });
});
