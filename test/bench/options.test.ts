import { describe, expect, it } from "vitest";
import { CONTENDERS } from "../../bench/names.ts";
import { parseOptions } from "../../bench/options.ts";

describe("options of the benchmark", () => {
  it("defaults to everything", () => {
    expect(parseOptions([])).toEqual({
      rounds: 5,
      batches: [1, 10, 100, 1_000],
      models: ["U0", "U5", "R5", "embedded"],
      contenders: [...CONTENDERS],
      starts: 3,
      stored: 1_000_000,
      warmUp: expect.any(Array),
      largeBatch: 1_000,
      json: undefined,
      markdown: undefined,
    });
  });

  it("--quick lowers what is not given", () => {
    expect(parseOptions(["--quick", "--rounds", "4"])).toMatchObject({
      rounds: 4,
      batches: [1, 10, 100],
      starts: 1,
      largeBatch: 100,
    });
  });

  it("sorts batch sizes and takes each once, and the baseline always runs", () => {
    const options = parseOptions(["--batches", "100,7,100", "--contenders", "semel", "--models", "R5,U0"]);
    expect(options).toMatchObject({ batches: [7, 100], contenders: ["semel", "powertools"], models: ["U0", "R5"] });
  });

  it("contenders of ordered sources run with a baseline of their own", () => {
    const options = parseOptions(["--contenders", "semel-reduce"]);
    expect(options?.contenders).toEqual(["semel-reduce", "powertools-in-order"]);
  });

  it("--help", () => {
    expect(parseOptions(["--help"])).toBeUndefined();
  });

  it.each<[string[], RegExp]>([
    [["--rounds", "0"], /--rounds has "0"\. Use whole numbers from 1 to 100/],
    [["--rounds", "1.5"], /--rounds has "1\.5"/],
    [["--batches", "10,x"], /--batches has "x"\. Use whole numbers from 1 to 10000/],
    [["--batches", ""], /--batches has ""/],
    [["--batches", "10001"], /--batches has "10001"/],
    [["--starts", "-1"], /--starts/],
    [["--models", "U0,U7"], /--models has "U7"\. Use some of U0,U5,R5,embedded/],
    [["--contenders", "middy"], /--contenders has "middy"\. Use some of semel,powertools,get-effect-put,plain/],
    [["--fast"], /--fast/],
    [["extra"], /extra/],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
