// All mutants. A new one is one more entry in the file of its part: the mistake in words, the file, a short text that
// occurs there once, what stands in its place, and the suites that have to fail, each by itself.

import { COMMIT_MUTANTS } from "./catalog/commit.ts";
import { CONSTRUCT_MUTANTS } from "./catalog/constructs.ts";
import { CONSUMER_MUTANTS } from "./catalog/consumer.ts";
import { EFFECT_MUTANTS } from "./catalog/effects.ts";
import { GROUP_MUTANTS } from "./catalog/group.ts";
import { LOCAL_MUTANTS } from "./catalog/local.ts";
import { RECORD_MUTANTS } from "./catalog/record.ts";
import { REJECTION_MUTANTS } from "./catalog/rejection.ts";
import { RESPONSE_MUTANTS } from "./catalog/response.ts";
import type { Mutant } from "./mutant.ts";

export const MUTANTS: readonly Mutant[] = [
  ...COMMIT_MUTANTS,
  ...RECORD_MUTANTS,
  ...EFFECT_MUTANTS,
  ...GROUP_MUTANTS,
  ...CONSUMER_MUTANTS,
  ...REJECTION_MUTANTS,
  ...RESPONSE_MUTANTS,
  ...CONSTRUCT_MUTANTS,
  ...LOCAL_MUTANTS,
];
