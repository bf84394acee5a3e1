// What an answer means, by its names and codes.

import { describe, expect, it } from "vitest";
import { entryAnswers, errorAnswer } from "../../lib/publisher/answers.ts";
import { named } from "../support/faulty-send.ts";

const kindOf = (failure: object, metadata = {}): string | undefined =>
  entryAnswers(1, { Failed: [{ Id: "0", ...failure }], ...metadata })[0]?.kind;

describe("the answer for an entry", () => {
  it("AN1: sent is only what has an id; what is told of no entry, or of none that was sent, is unknown", () => {
    const answers = entryAnswers(5, {
      Successful: [
        { Id: "1", MessageId: "m-1", SequenceNumber: "7" },
        { Id: "2", MessageId: "" },
        { Id: "3" },
        { Id: "9", MessageId: "m-9" },
        { MessageId: "m-x" },
      ],
    });
    expect(answers.map(({ kind }) => kind)).toEqual(["unknown", "sent", "unknown", "unknown", "unknown"]);
    expect(answers[1]).toEqual({ kind: "sent", messageId: "m-1", sequenceNumber: "7" });
    expect(entryAnswers(1, {}).map(({ kind }) => kind)).toEqual(["unknown"]);
  });

  it("AN2: refused is what is the sender's fault, but throttling; SQS's own fault leaves it open", () => {
    expect(kindOf({ SenderFault: true, Code: "InvalidMessageContents" })).toBe("refused");
    expect(kindOf({ SenderFault: true, Code: "KMS.ThrottlingException" })).toBe("throttled");
    expect(kindOf({ SenderFault: false, Code: "RequestThrottled" })).toBe("throttled");
    expect(kindOf({ SenderFault: false, Code: "InternalError" })).toBe("unknown");
    expect(kindOf({ Code: "InternalError" })).toBe("unknown");
    expect(kindOf({})).toBe("unknown");
  });

  it("AN2: nothing is refused or throttled for sure that the client sent more than once", () => {
    const repeated = { $metadata: { attempts: 3 } };
    expect(kindOf({ SenderFault: true, Code: "InvalidMessageContents" }, repeated)).toBe("unknown");
    expect(kindOf({ SenderFault: true, Code: "RequestThrottled" }, repeated)).toBe("unknown");
    expect(kindOf({ SenderFault: true, Code: "InvalidMessageContents" }, { $metadata: { attempts: 1 } })).toBe(
      "refused",
    );
  });
});

describe("an error instead of an answer", () => {
  it.each<[unknown, string]>([
    [named("QueueDoesNotExist", "gone"), "refused"],
    [Object.assign(named("SomeName", "gone"), { Code: "AWS.SimpleQueueService.NonExistentQueue" }), "refused"],
    [named("AccessDeniedException", "no"), "refused"],
    [named("KmsAccessDenied", "no"), "refused"],
    [named("BatchRequestTooLong", "too long"), "refusedTogether"],
    [named("InvalidParameterValue", "what?"), "refusedTogether"],
    [named("RequestThrottled", "slow"), "throttled"],
    [named("KmsThrottled", "slow"), "throttled"],
    [named("InternalFailure", "500"), "unknown"],
    [named("TimeoutError", "socket hang up"), "unknown"],
    [named("AbortError", "aborted"), "unknown"],
    [new Error("read ECONNRESET"), "unknown"],
    [undefined, "unknown"],
    ["text", "unknown"],
    [Object.assign(named("QueueDoesNotExist", "gone"), { $metadata: { attempts: 2 } }), "unknown"],
    [Object.assign(named("RequestThrottled", "slow"), { $metadata: { attempts: 2 } }), "unknown"],
  ])("AN2: %s is %s", (error, kind) => {
    expect(errorAnswer(error)).toEqual({ kind, cause: error });
  });
});
