import { describe, expect, it } from "vitest";
import { parseOptions } from "../../chaos/options.ts";

describe("options of npm run chaos", () => {
  it("has defaults for all", () => {
    expect(parseOptions([])).toEqual({
      handler: "commit",
      messages: 10_000,
      minutes: 1,
      seed: 7,
      json: undefined,
      html: undefined,
    });
  });

  it("takes every option", () => {
    const args = "--handler claim --messages 100000 --minutes 0.5 --seed=-3 --json a.json --html a.html".split(" ");
    const expected = { handler: "claim", messages: 100_000, minutes: 0.5, seed: -3, json: "a.json", html: "a.html" };
    expect(parseOptions(args)).toEqual(expected);
  });

  it("gives nothing where help is asked for", () => {
    expect(parseOptions(["--help"])).toBeUndefined();
  });

  it.each([
    [["--handler", "semel"], '--handler is "semel". Use one of commit, claim, insert, plain, powertools'],
    [["--messages", "0"], '--messages is "0". Use a whole number from 1 to 10000000'],
    [["--messages", "1.5"], '--messages is "1.5"'],
    [["--minutes=-1"], '--minutes is "-1". Use a number from 0 to 1440'],
    [["--seed", ""], '--seed is ""'],
    [["--faults", "0"], "--faults"],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
