// A schedule in words: what happened, event by event, and what the effects were then.

export interface Teller {
  /** What the handler logs is printed. */
  readonly loud: boolean;
  /** An event of the schedule begins. */
  before(event: string): void;
  say(line: string): void;
  delivered(
    messages: readonly { readonly messageId: string; readonly receiveCount: number }[],
    by: { readonly sandbox: number; readonly others: readonly number[]; readonly epoch: number },
  ): void;
  answered(sandbox: number, messageIds: readonly string[], failed: ReadonlySet<string>): void;
  /** How often the effect of each message is there, after the event. */
  after(counts: ReadonlyMap<string, number>): void;
  lines(): readonly string[];
}

export function createTeller(loud: boolean): Teller {
  const lines: string[] = [];
  let [event, last] = ["", new Map<string, number>() as ReadonlyMap<string, number>];
  let [told, lastEpoch] = [0, 0];

  function say(line: string): void {
    const name = told++ === 0 ? event : "";
    lines.push(`${name.padEnd(EVENT_CHARACTERS)} ${line}`);
  }

  return {
    loud,
    before(name) {
      [event, told] = [name, 0];
    },
    say,
    delivered(messages, { sandbox, others, epoch }) {
      const what = messages.map(({ messageId, receiveCount }) =>
        receiveCount > 1 ? `${messageId} (receipt ${receiveCount})` : messageId,
      );
      const when = others.length > 0 ? `, while sandbox ${others.join(" and ")} is at work` : "";
      const late = epoch > lastEpoch ? ", when every invocation of before is over" : "";
      lastEpoch = epoch;
      say(`the queue delivers ${what.join(" and ")} to sandbox ${sandbox}${when}${late}`);
    },
    answered(sandbox, messageIds, failed) {
      const ended = messageIds.filter((id) => !failed.has(id));
      const parts = [
        ...(ended.length > 0 ? [`${ended.join(", ")} acknowledged`] : []),
        ...(failed.size > 0 ? [`${[...failed].join(", ")} to come again`] : []),
      ];
      say(`sandbox ${sandbox} answers: ${parts.join(", ")}`);
    },
    after(counts) {
      for (const [messageId, count] of counts) {
        if (count !== (last.get(messageId) ?? 0)) say(`  the effect of ${messageId} is there ${timesOf(count)}`);
      }
      last = counts;
    },
    lines: () => lines,
  };
}

const EVENT_CHARACTERS = 14;

function timesOf(count: number): string {
  if (count === 0) return "no more";
  return count === 1 ? "once" : `${count} times`;
}
