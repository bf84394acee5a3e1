// All mutants. A new one is one more entry in the file of its part: the mistake in words, the file, a short text that
// occurs there once, what stands in its place, and the suites that have to fail, each by itself.

import { CLAIM_MUTANTS } from "./catalog/claim.ts";
import { COMMIT_MUTANTS } from "./catalog/commit.ts";
import { CONSTRUCT_MUTANTS } from "./catalog/constructs.ts";
import { CONSUMER_MUTANTS } from "./catalog/consumer.ts";
import { EFFECT_MUTANTS } from "./catalog/effects.ts";
import { GROUP_MUTANTS } from "./catalog/group.ts";
import { INSERT_MUTANTS } from "./catalog/insert.ts";
import { LOCAL_MUTANTS } from "./catalog/local.ts";
import { ORDER_MUTANTS } from "./catalog/order.ts";
import { OUTBOX_MUTANTS } from "./catalog/outbox.ts";
import { PAYLOAD_MUTANTS } from "./catalog/payload.ts";
import { PUBLISHER_MUTANTS } from "./catalog/publisher.ts";
import { RECORD_MUTANTS } from "./catalog/record.ts";
import { REDRIVE_MUTANTS } from "./catalog/redrive.ts";
import { REJECTION_MUTANTS } from "./catalog/rejection.ts";
import { RELAY_MUTANTS } from "./catalog/relay.ts";
import { RESPONSE_MUTANTS } from "./catalog/response.ts";
import { RESULT_MUTANTS } from "./catalog/results.ts";
import { STATES_MUTANTS } from "./catalog/states.ts";
import { WATERMARK_MUTANTS } from "./catalog/watermark.ts";
import type { Mutant } from "./mutant.ts";

/** By the file of the catalog that holds them. */
export const PARTS: Readonly<Record<string, readonly Mutant[]>> = {
  claim: CLAIM_MUTANTS,
  commit: COMMIT_MUTANTS,
  constructs: CONSTRUCT_MUTANTS,
  consumer: CONSUMER_MUTANTS,
  effects: EFFECT_MUTANTS,
  group: GROUP_MUTANTS,
  insert: INSERT_MUTANTS,
  local: LOCAL_MUTANTS,
  order: ORDER_MUTANTS,
  outbox: OUTBOX_MUTANTS,
  payload: PAYLOAD_MUTANTS,
  publisher: PUBLISHER_MUTANTS,
  record: RECORD_MUTANTS,
  redrive: REDRIVE_MUTANTS,
  rejection: REJECTION_MUTANTS,
  relay: RELAY_MUTANTS,
  response: RESPONSE_MUTANTS,
  results: RESULT_MUTANTS,
  states: STATES_MUTANTS,
  watermark: WATERMARK_MUTANTS,
};
export const MUTANTS: readonly Mutant[] = Object.values(PARTS).flat();
