// Messages in a row, each knowing its neighbours: any of them leaves without a search. A message is in one chain at most.
import type { StoredMessage } from "./message.ts";

export interface Chain {
  head: StoredMessage | undefined;
  tail: StoredMessage | undefined;
}

export function createChain(): Chain {
  return { head: undefined, tail: undefined };
}

export function append(chain: Chain, message: StoredMessage): void {
  message.previous = chain.tail;
  message.next = undefined;
  if (chain.tail === undefined) chain.head = message;
  else chain.tail.next = message;
  chain.tail = message;
}

export function unlink(chain: Chain, message: StoredMessage): void {
  const { previous, next } = message;
  if (previous === undefined) chain.head = next;
  else previous.next = next;
  if (next === undefined) chain.tail = previous;
  else next.previous = previous;
  message.previous = undefined;
  message.next = undefined;
}
