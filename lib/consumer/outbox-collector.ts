// What a fold sends: messages to the outbox, gathered while `apply` runs. X1 and X2 of tx.ts hold here, too.

import type { DeclaredMessage } from "../protocol/outbox.ts";
import type { ResolvedOptions } from "./options.ts";
import { publishedMessage, queueMessage, refuseWithoutOutbox } from "./sending.ts";
import { closed, type Tx } from "./tx.ts";

/** Sends with the state that is folded; see `Tx`. */
export type Outbox = Pick<Tx, "send" | "publish">;

interface Collected {
  readonly outbox: Outbox;
  /** Takes nothing more from now on. Throws the first error of a call, swallowed or not. */
  close(): readonly DeclaredMessage[];
}

export function collectMessages(options: Pick<ResolvedOptions, "strategy" | "outbox">): Collected {
  const sent: DeclaredMessage[] = [];
  let open = true;
  let failed: { readonly error: unknown } | undefined;

  function add(method: "send" | "publish", make: () => DeclaredMessage): void {
    if (!open) throw closed(method); // X2
    try {
      refuseWithoutOutbox(method, options);
      sent.push(make());
    } catch (error) {
      failed ??= { error }; // X1
      throw error;
    }
  }

  return {
    outbox: {
      send: (queueUrl, body, params) => add("send", () => queueMessage(queueUrl, body, params)),
      publish: (target, message) => add("publish", () => publishedMessage(target, message)),
    },
    close() {
      open = false;
      if (failed) throw failed.error;
      return sent;
    },
  };
}
