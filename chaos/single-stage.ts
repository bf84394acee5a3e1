// The scenario of a contender: one function, whose effects are counted.

import type { LocalCloud } from "semel/local";
import type { Contender } from "./app.ts";
import { checkLedger } from "./ledger.ts";
import { ChaosMessage } from "./message.ts";
import { chaosPlan } from "./plan.ts";
import { makeMessages, REPETITIONS } from "./producer.ts";
import type { MakeScenario, Store } from "./scenario.ts";
import { openStore } from "./store.ts";

/** Contenders with a hot counter, and those that charge. */
const COUNTS_ACCOUNTS: ReadonlySet<Contender> = new Set(["commit", "claim", "plain", "powertools"]);
const CHARGES: ReadonlySet<Contender> = new Set(["claim"]);

export function singleStage(contender: Contender, count: number, seed: number): MakeScenario {
  return (random) => {
    const messages = makeMessages(count, random);
    return {
      messages: messages.map((message) => ({ key: message.key, body: JSON.stringify(message) })),
      repetitions: REPETITIONS,
      plan: chaosPlan(seed),
      keyOf,
      isEnd: () => true,
      open: (cloud) => open(cloud, contender, messages),
    };
  };
}

function open(cloud: LocalCloud, contender: Contender, messages: readonly ChaosMessage[]): Store {
  const store = openStore(cloud);
  const counts = { accounts: COUNTS_ACCOUNTS.has(contender), charges: CHARGES.has(contender) };
  const accounts = [...new Set(messages.map(({ account }) => account))];
  return {
    sqs: store.sqs,
    queueUrl: store.queueUrl,
    ...(counts.accounts && { look: () => store.appliedInAccounts(accounts) }),
    recover: () => store.redrive(),
    async conclude() {
      const deadLetters = new Set((await store.takeDeadLetters()).flatMap((body) => keyOf(body) ?? []));
      const found = { ...(await store.effects()), charges: await store.charges(), deadLetters };
      return {
        ledger: checkLedger(messages, found, counts),
        once: messages.filter(({ key }) => found.applied.get(key) === 1).map(({ key }) => key),
      };
    },
    close: () => store.close(),
  };
}

function keyOf(body: string): string | undefined {
  try {
    return ChaosMessage.parse(JSON.parse(body)).key;
  } catch {
    return undefined;
  }
}
