// assertExactlyOnce(): every schedule of a handler within its bounds, as one assertion of a test.

import { SemelError } from "../errors.ts";
import { type Explored, exploreHandler, exploring, replayHandler, type Told } from "./handler/explore-handler.ts";
import { type ExactlyOnceCase, type HandlerUnderTest, resolveCase } from "./handler/options.ts";

/** What was explored without a violation. */
export interface ExactlyOnceReport {
  /** Most faults of a schedule. */
  readonly faults: number;
  readonly deliveries: number;
  /** Different schedules, from the start to the end. */
  readonly schedules: number;
  readonly states: number;
  /** Runs of the handler's code. */
  readonly runs: number;
  readonly elapsedMs: number;
  /** Of a replay: what happened, event by event. */
  readonly story: readonly string[];
}

/**
 * Runs the handler under every schedule of deliveries, answers and faults within the bounds: requests are lost, come late, are
 * throttled; processes die; messages come twice. Rejects with the first schedule, of those with the fewest faults, after which
 * the effect of an event was there twice, was lost, or was missing when its message was acknowledged.
 *
 * The handler must do the same under the same schedule, and reach other systems only by `tx`, by the SDK clients that are given,
 * and by stubs. Clock, timers and random numbers are those of the schedule while it runs.
 *
 * @throws SemelError SEMEL_NOT_EXACTLY_ONCE with the schedule; SEMEL_FOREIGN_IO; SEMEL_NOT_DETERMINISTIC; SEMEL_OPTIONS.
 */
export async function assertExactlyOnce<Body>(
  handler: HandlerUnderTest,
  given: ExactlyOnceCase<Body>,
): Promise<ExactlyOnceReport> {
  const resolved = resolveCase(handler, given);
  return exploring(resolved, async () => {
    const { replay } = resolved;
    if (replay !== undefined) return replayed(await replayHandler(resolved, replay, true));
    let report: Explored | undefined;
    for (let faults = 0; faults <= resolved.faults; faults++) {
      report = await exploreHandler(resolved, faults);
      if (report.violation) throw violated(report.violation);
    }
    const { schedules, states, runs, elapsedMs } = report as Explored;
    const { faults, deliveries } = resolved;
    return { faults, deliveries, schedules, states, runs, elapsedMs, story: [] };
  });
}

function replayed(told: Told): ExactlyOnceReport {
  if (told.complaints.length > 0) throw violated(told);
  const { lines: story } = told;
  return { faults: 0, deliveries: 0, schedules: 1, states: 0, runs: 1, elapsedMs: 0, story };
}

function violated({ complaints, lines, schedule }: Told): SemelError {
  const text = [
    "The handler is not exactly-once:",
    ...complaints.map((complaint) => `  ${complaint}`),
    "The schedule:",
    ...lines.map((line) => `  ${line}`),
    "Run it alone with the option",
    `  replay: "${schedule}"`,
  ].join("\n");
  const cause = { complaints, schedule };
  return new SemelError(`${text}\n`, { code: "SEMEL_NOT_EXACTLY_ONCE", retryable: false, cause });
}
