// A schedule: what happens, event by event, as a text that people read and `--replay` takes. Pure.
//
//   SC1. The text of an event names it whatever else is possible at the time: it means the same in another version of the code,
//        or it is refused.

/** What goes wrong with one request, or with one run of the handler. Each takes one of the faults that a schedule may have. */
export type CallFault =
  /** No answer. The request is on its way: it may land at any later time, or never. */
  | "open"
  /** Refused for now, not applied. */
  | "throttled"
  /** A transaction is cancelled by another one, not applied. */
  | "conflict"
  /** Of the statements of a call the first is refused for now, the others are applied. */
  | "partly"
  /** The handler throws an error that another run may not meet. */
  | "fails"
  /** The handler gives the message up for good. */
  | "rejects";

export type Event =
  /**
   * The queue gives messages to a new sandbox, or to one whose invocation is over. Again: as messages that were received
   * before. Late: every lease of before has run out.
   */
  | {
      readonly kind: "deliver";
      readonly messageIds: readonly string[];
      readonly how?: "again" | "late";
      readonly sandbox?: number;
    }
  /** A dead letter goes back into the queue, under a new id. */
  | { readonly kind: "redrive"; readonly messageId: string }
  /** A request is applied and answered, or goes wrong; so does a run of the handler. */
  | { readonly kind: "answer"; readonly sandbox: number; readonly call: number; readonly fault?: CallFault }
  /** A request that nobody waits for any more is applied. */
  | { readonly kind: "lands"; readonly sandbox: number; readonly call: number }
  /** A pause between two tries is over. */
  | { readonly kind: "wakes"; readonly sandbox: number }
  /** Time passes until the next renewal or deadline. */
  | { readonly kind: "slow"; readonly sandbox: number }
  /** The process dies; its requests are on their way. */
  | { readonly kind: "dies"; readonly sandbox: number }
  /** Nothing more goes wrong: what is left is delivered until it is acknowledged. */
  | { readonly kind: "end" };

const CALL_FAULTS: readonly CallFault[] = ["open", "throttled", "conflict", "partly", "fails", "rejects"];
const SEPARATOR = " ";

export function formatSchedule(events: readonly Event[]): string {
  return events.map(formatEvent).join(SEPARATOR);
}

export function formatEvent(event: Event): string {
  switch (event.kind) {
    case "deliver":
      return (
        `deliver${event.how === undefined ? "" : `-${event.how}`}:${event.messageIds.join("+")}` +
        (event.sandbox === undefined ? "" : `@${event.sandbox}`)
      );
    case "redrive":
      return `redrive:${event.messageId}`;
    case "answer":
      return `${event.sandbox}.${event.call}${event.fault === undefined ? "" : `:${event.fault}`}`;
    case "lands":
      return `${event.sandbox}.${event.call}:lands`;
    case "end":
      return "end";
    default:
      return `${event.sandbox}:${event.kind}`;
  }
}

/** Throws for a text that no event has. */
export function parseSchedule(text: string): Event[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(parseEvent);
}

const EVENT =
  /^(?:deliver(?:-(?<how>again|late))?:(?<ids>[^@]+)(?:@(?<warm>\d+))?|redrive:(?<letter>.+)|(?<sandbox>\d+)(?:\.(?<call>\d+)(?::(?<what>[a-z]+))?|:(?<does>wakes|slow|dies))|(?<end>end))$/;

function parseEvent(word: string): Event {
  const { how, ids, warm, letter, sandbox, call, what, does, end } = EVENT.exec(word)?.groups ?? {};
  if (end !== undefined) return { kind: "end" };
  if (letter !== undefined) return { kind: "redrive", messageId: letter };
  if (ids !== undefined) {
    return {
      kind: "deliver",
      messageIds: ids.split("+"),
      ...(how === undefined ? {} : { how: how as "again" | "late" }),
      ...(warm === undefined ? {} : { sandbox: Number(warm) }),
    };
  }
  if (does !== undefined) return { kind: does as "wakes" | "slow" | "dies", sandbox: Number(sandbox) };
  const numbers = { sandbox: Number(sandbox), call: Number(call) };
  if (call !== undefined && what === undefined) return { kind: "answer", ...numbers };
  if (what === "lands") return { kind: "lands", ...numbers };
  const fault = CALL_FAULTS.find((one) => one === what);
  if (fault !== undefined) return { kind: "answer", ...numbers, fault };
  throw new Error(
    `Cannot read the event "${word}" of the schedule. Events are deliver:ids, deliver-again:ids, deliver-late:ids, each ` +
      `with or without @S, redrive:id, S.C, S.C:lands, ` +
      `S.C:${CALL_FAULTS.join("|")}, S:wakes, S:slow, S:dies and end, with S and C the numbers of sandbox and call`,
  );
}

/**
 * Without one of its deliveries and all that its sandbox did, or without something that went wrong: what leaves out more comes
 * first. What went well stays: a request that was answered is not one that is on its way for long.
 */
export function* shorterSchedules(events: readonly Event[]): Generator<Event[]> {
  const deliveries = events.filter(({ kind }) => kind === "deliver").length;
  for (let sandbox = 1; sandbox <= deliveries; sandbox++) yield withoutSandbox(events, sandbox);
  for (const [index, event] of events.entries()) {
    if (event.kind !== "deliver" && (event.kind !== "answer" || event.fault !== undefined))
      yield events.toSpliced(index, 1);
  }
}

/** Sandboxes are numbered by their deliveries. */
function withoutSandbox(events: readonly Event[], sandbox: number): Event[] {
  let delivered = 0;
  return events.flatMap((event): Event[] => {
    if (event.kind === "deliver") return ++delivered === sandbox ? [] : [event];
    if (event.kind === "end" || event.kind === "redrive" || event.sandbox < sandbox) return [event];
    return event.sandbox === sandbox ? [] : [{ ...event, sandbox: event.sandbox - 1 }];
  });
}
