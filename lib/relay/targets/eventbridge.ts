// EventBridge buses: PutEvents. An event has no attributes: its id is the field `semel-idempotency-key` of its detail, so that a
// consumer's key is the path `detail.semel-idempotency-key`. EventBridge itself does not deduplicate, and keeps no order.

import { EVENT_BATCH_ENTRIES_MAX, EVENT_ENTRY_BYTES_MAX } from "../../aws/eventbridge.ts";
import { type BusMessage, eventDetail } from "../../protocol/outbox.ts";
import type { Target } from "../targets.ts";
import { entryVerdict, type Verdict } from "../verdict.ts";

export const EVENTBRIDGE: Target<BusMessage> = {
  entriesMax: EVENT_BATCH_ENTRIES_MAX,
  bytesMax: EVENT_ENTRY_BYTES_MAX,
  bytesOf: (message) => Buffer.byteLength(message.source + message.detailType + eventDetail(message)),
  request: (messages) => ({
    operation: "PutEvents",
    input: {
      Entries: messages.map((message) => ({
        EventBusName: message.target,
        Source: message.source,
        DetailType: message.detailType,
        Detail: eventDetail(message),
      })),
    },
  }),
  verdicts({ Entries = [] }, count) {
    return Array.from({ length: count }, (_, index): Verdict => {
      const { EventId, ErrorCode, ErrorMessage } = Entries[index] ?? {};
      if (ErrorCode !== undefined && ErrorCode !== "") return entryVerdict({ Code: ErrorCode, Message: ErrorMessage });
      if (EventId !== undefined && EventId !== "") return { kind: "sent" }; // VE1
      return { kind: "failed", cause: new Error("the answer says nothing of this event") };
    });
  },
};
