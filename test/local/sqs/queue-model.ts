// A second, slow account of a queue, for properties: a list of messages, searched from end to end.

export interface ModelMessage {
  readonly id: string;
  readonly group: string;
  /** Visible from then on. */
  visibleAtMs: number;
  /** Received, and not visible again by itself or by the receiver since. */
  receives: number;
  handle: string;
}

export interface Model {
  readonly isFifo: boolean;
  readonly maxReceiveCount: number;
  /** As sent. */
  messages: ModelMessage[];
  dead: string[];
  deleted: string[];
}

const isVisible = (message: ModelMessage, nowMs: number): boolean => message.visibleAtMs <= nowMs;

/** Those that a receive may give, in order within their group: all that are visible; of a FIFO group only those before a hidden one. */
export function available(model: Model, nowMs: number): ModelMessage[] {
  const blocked = new Set<string>();
  return model.messages.filter((message) => {
    if (isVisible(message, nowMs)) return !blocked.has(message.group);
    if (model.isFifo) blocked.add(message.group);
    return false;
  });
}

/** What of a receive contradicts the model; undefined when nothing does. Takes it over into the model. */
export function judgeReceive(
  model: Model,
  received: readonly { id: string; count: number; handle: string }[],
  receive: { max: number; nowMs: number; visibilityMs: number },
): string | undefined {
  const { max, nowMs, visibilityMs } = receive;
  const may = available(model, nowMs);
  const alive = may.filter(({ receives }) => receives < model.maxReceiveCount);
  if (received.length !== Math.min(max, alive.length)) return `${received.length} of ${alive.length}, asked for ${max}`;
  if (new Set(received.map(({ id }) => id)).size !== received.length) return "one message twice";
  for (const { id, count } of received) {
    const message = alive.find((one) => one.id === id);
    if (message === undefined) return `${id} is not available`;
    if (count !== message.receives + 1) return `${id} was received ${message.receives} times before, not ${count - 1}`;
  }
  const wrong = model.isFifo ? orderMistake(alive, received) : undefined;
  if (wrong !== undefined) return wrong;
  for (const { id, handle } of received) {
    const message = alive.find((one) => one.id === id);
    if (message !== undefined)
      Object.assign(message, { receives: message.receives + 1, handle, visibleAtMs: nowMs + visibilityMs });
  }
  return undefined;
}

/** Of each group: the first ones, in the order in which they were sent. */
function orderMistake(alive: readonly ModelMessage[], received: readonly { id: string }[]): string | undefined {
  const groupOf = new Map(alive.map(({ id, group }) => [id, group]));
  for (const group of new Set(groupOf.values())) {
    const sent = alive.filter((one) => one.group === group).map(({ id }) => id);
    const got = received.filter(({ id }) => groupOf.get(id) === group).map(({ id }) => id);
    if (got.some((id, index) => id !== sent[index])) return `group ${group}: received ${got}, sent ${sent}`;
  }
  return undefined;
}

/** Those that the queue has moved to its dead-letter queue leave the model, if they had to go. */
export function moveDead(model: Model, ids: readonly string[]): string | undefined {
  for (const id of ids) {
    const message = model.messages.find((one) => one.id === id);
    if (message === undefined) return `${id} moved, and was not there`;
    if (message.receives < model.maxReceiveCount) return `${id} moved after ${message.receives} receives`;
  }
  model.messages = model.messages.filter(({ id }) => !ids.includes(id));
  model.dead.push(...ids);
  return undefined;
}
