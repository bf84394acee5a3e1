import { expect, it } from "vitest";
import { ALL_CHECKS } from "../local/sqs/conformance.ts";
import { AWS_SKIPS } from "./aws-skips.ts";

it("every skip on AWS is of a check that there is", () => {
  const known = Object.values(ALL_CHECKS).flatMap((checks) => Object.keys(checks));
  expect(Object.keys(AWS_SKIPS).filter((skip) => !known.includes(skip))).toEqual([]);
});
