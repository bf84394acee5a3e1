import { describe, expect, it } from "vitest";
import { parseOptions } from "../../chaos/options.ts";

describe("options of npm run chaos", () => {
  it("has defaults for all", () => {
    expect(parseOptions([])).toEqual({
      handler: "commit",
      messages: 10_000,
      minutes: 1,
      seed: 7,
      input: [],
      json: undefined,
      html: undefined,
    });
  });

  it("takes every option", () => {
    const args = "--handler claim --messages 100000 --minutes 0.5 --seed=-3 --json a.json --html a.html".split(" ");
    const expected = {
      handler: "claim",
      messages: 100_000,
      minutes: 0.5,
      seed: -3,
      input: [],
      json: "a.json",
      html: "a.html",
    };
    expect(parseOptions(args)).toEqual(expected);
    const days = ["--handler", "pipeline", "--input", "a.csv", "--input", "b.csv"];
    expect(parseOptions(days)).toMatchObject({ handler: "pipeline", input: ["a.csv", "b.csv"] });
  });

  it("gives nothing where help is asked for", () => {
    expect(parseOptions(["--help"])).toBeUndefined();
  });

  it.each([
    [["--handler", "semel"], '--handler is "semel". Use one of commit, claim, insert, plain, powertools, pipeline'],
    [["--messages", "0"], '--messages is "0". Use a whole number from 1 to 10000000'],
    [["--messages", "1.5"], '--messages is "1.5"'],
    [["--minutes=-1"], '--minutes is "-1". Use a number from 0 to 1440'],
    [["--seed", ""], '--seed is ""'],
    [["--input", "a.csv"], "--input is for pipeline: the messages of commit are made from the seed"],
    [["--faults", "0"], "--faults"],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
