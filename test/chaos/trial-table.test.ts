import { describe, expect, it } from "vitest";
import { type Trial, table } from "../../chaos/trial-table.ts";
import type { Round } from "../simulation/contenders/explore-contender.ts";

function trial(doubled: Pick<Round, "faults" | "schedules"> | undefined): Trial {
  const rounds = [{ schedules: 10 }, { schedules: 2_468 }];
  const chaos = { faults: { kill: 1_000, throttle: 2 }, ledger: { lost: ["m1"], surplus: 3, halves: 4 } };
  const explored = { bounds: { faults: 2, deliveries: 2 }, rounds, doubled, lost: undefined };
  return { handler: "commit", explored, chaos } as unknown as Trial;
}

describe("table of the trial", () => {
  it.each([
    [undefined, "all 2 | never"],
    [{ faults: 1, schedules: 1_234 }, "0 | 1 fault, schedule 1,234"],
    [{ faults: 0, schedules: 1 }, "none | 0 faults, schedule 1"],
  ])("tells how many faults a handler survived: first doubled %j", (doubled, cells) => {
    const [, , row] = table([trial(doubled)]).split("\n");
    expect(row).toBe(`| semel \`commit\` | 2,468 | ${cells} | never | 1,002 | 1 | 3 | 4 |`);
  });
});
