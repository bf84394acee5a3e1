// Mistakes that no schedule shows, and why: the run by simulation leaves them out. Their own suites see them.

/** By the file of the catalog, as a whole. */
export const UNSEEN_PARTS: Readonly<Record<string, string>> = {
  constructs: "infrastructure: synthesized templates and policies",
  local: "the local cloud's poller, which the simulation stands in for",
  payload: "bodies that are compressed or elsewhere: those of the simulation are plain",
  publisher: "sending: the simulation begins with what is in the queue",
  redrive:
    "operators of the simulation redrive by themselves; its own random schedules are in redrive/properties.test.ts",
  relay: "the relay, which the simulation does not run; its own random schedules are in relay/properties.test.ts",
};

/** By the name of the mutant. */
export const UNSEEN: Readonly<Record<string, string>> = {
  "user-condition failure beside a conflict on the record taken for the business's":
    "no delivery differs: the record is read before anything is decided (C4)",
  "user-condition failure believed without a look at the record (C4)":
    "costs a run of the handler; the record's condition decides in the next commit",
  "new token after an unknown outcome":
    "safe by the record's condition (ARCHITECTURE: the token is not what keeps the commit single); costs a transaction",
  "retry without bound, in number (C5)": "bounded by the other bound (time, number or the deadline's answer)",
  "retry without bound, in time: what waits longer than the time left goes on":
    "bounded by the other bound (time, number or the deadline's answer)",
  "retry without bound, of a read": "bounded by the other bound (time, number or the deadline's answer)",
  "a refusal after tries of the client's own taken for that of all (A3)":
    "tries inside the SDK's client; the simulation stands behind `send`",
  "a success without a request id taken for DynamoDB's": "sdk-send: behind the seam",
  "a binary value sent as anything but base64 (SD1)": "sdk-send: behind the seam",
  "a claim's commit without the fencing token": "one of three redundant terms: token and attempt id are each unique",
  "a claim's commit without the owner": "one of three redundant terms: token and attempt id are each unique",
  "a lost lease that nobody is told of": "cost: the handler goes on, its commit is refused (CL1)",
  "a step whose name makes its record unreadable":
    "options, limits, wording or parsing: consumer/steps.test.ts sees it",
  "steps of a message that share an idempotency key":
    "options, limits, wording or parsing: consumer/steps.test.ts sees it",
  "a release that its batch waits for without end": "time of a response, bounded by the deadline",
  "a write that was refused for its lease taken for done": "told outcome; CL1 refuses the write",
  "the record of whoever took over taken for the own end": "told outcome; CL1 refuses the write",
  "a claim judged held whatever its fencing token": "pre-check only; the request's condition decides",
  "a conditional increment that folds: its item is guarded":
    "options, limits, wording or parsing: protocol/group-commit.test.ts sees it",
  "a failed fold blamed on one member (GT3)":
    "options, limits, wording or parsing: store/group-transaction.test.ts sees it",
  "a group without an answer is taken apart (GL2)": "cost: safe by the record's condition",
  "a group that goes again under a new token (GL2)": "cost: safe by the record's condition",
  "a group of more than 4 MB": "options, limits, wording or parsing: protocol/group-commit.test.ts sees it",
  "an innocent member goes again without bound": "bounded by time",
  "a key attribute that the handler makes up (IN1)":
    "options, limits, wording or parsing: protocol/insert.test.ts and consumer/insert.test.ts sees it",
  "a primary key that is not a function of the idempotency key (IN1)":
    "options, limits, wording or parsing: protocol/insert.test.ts and consumer/insert.test.ts sees it",
  "a part of the primary key for the whole (IN1)":
    "options, limits, wording or parsing: protocol/insert.test.ts and store/insert-faults.test.ts sees it",
  "an effect beside the insert that is dropped":
    "options, limits, wording or parsing: protocol/insert.test.ts and consumer/insert.test.ts sees it",
  "tx.insert beside a record, without its condition":
    "options, limits, wording or parsing: consumer/insert.test.ts sees it",
  "a grant that may delete what was inserted":
    "options, limits, wording or parsing: constructs/grants.test.ts and constructs/granted-actions.test.ts sees it",
  "messageId as the default key": "options, limits, wording or parsing: consumer/batch.test.ts sees it",
  "key hash cut to 64 bits": "options, limits, wording or parsing: protocol/key.test.ts sees it",
  "the record's key without the consumer's name": "options, limits, wording or parsing: protocol/key.test.ts sees it",
  "a missing part of a key let through": "options, limits, wording or parsing: protocol/key.test.ts sees it",
  "record of a foreign status taken for done": "no version writes such a record",
  "own attempt not recognised after a lost answer":
    "told outcome: `duplicate` where it is `committed`; the message leaves its queue either way",
  "a retention of no days accepted": "options, limits, wording or parsing: consumer/options.test.ts sees it",
  "a commit of the own attempt taken for its rejection (P2)":
    "attempt ids of commit and rejection differ, so it cannot meet itself",
  "one delivery of two acknowledges both (Q2)":
    "copies of a message have one outcome (B1); without a key each has its own dead letter, I2 holds",
  "empty event acknowledged": "options, limits, wording or parsing: sources/sqs.test.ts sees it",
  "FIFO accepted as standard": "options, limits, wording or parsing: sources/sqs.test.ts sees it",
  "event of a foreign source accepted": "options, limits, wording or parsing: sources/sqs.test.ts sees it",
  "middleware without its handler acknowledges in silence (W3)":
    "options, limits, wording or parsing: middleware/middy.test.ts sees it",
  "handler without its middleware runs (W3)": "options, limits, wording or parsing: middleware/middy.test.ts sees it",
  "cache of committed keys outlives the record (CK2)":
    "options, limits, wording or parsing: store/committed-keys.test.ts sees it",
  "cache of committed keys grows without a bound":
    "options, limits, wording or parsing: store/committed-keys.test.ts sees it",
  "cache of committed keys forgets the oldest, not the longest unused":
    "options, limits, wording or parsing: store/committed-keys.test.ts sees it",
  "a batched read of more than 100 keys": "options, limits, wording or parsing: store/record-reader.test.ts sees it",
  "a direct invocation waits beyond its deadline (O3)": "every wait inside is bounded, too",
  "a result is flattened silently (RS1)":
    "options, limits, wording or parsing: store/results.test.ts and consumer/steps.test.ts sees it",
  "a result deflated where it saves nothing": "options, limits, wording or parsing: store/results.test.ts sees it",
  "a result beyond an item's size is sent all the same":
    "options, limits, wording or parsing: store/results.test.ts sees it",
  "the size of a claim's end without what the claim leaves":
    "options, limits, wording or parsing: store/results.test.ts sees it",
  "the header of the key told by its case":
    "options, limits, wording or parsing: sources/direct.test.ts and consumer/once.test.ts sees it",
  "a request sent again taken for another (its time and id fingerprinted)":
    "options, limits, wording or parsing: sources/direct.test.ts and consumer/once.test.ts sees it",
  "of a query with several values of a name only the last fingerprinted (I7)":
    "options, limits, wording or parsing: sources/direct.test.ts sees it",
  "two writes of one item not refused":
    "options, limits, wording or parsing: protocol/effects.test.ts and consumer/tx.test.ts sees it",
  "a fold across items": "options, limits, wording or parsing: protocol/effects.test.ts sees it",
  "floating-point fold": "options, limits, wording or parsing: protocol/effects.test.ts sees it",
  "a fold beyond 38 digits sent on": "options, limits, wording or parsing: protocol/effects.test.ts sees it",
  "a conditional increment accepted": "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "an amount that JavaScript cannot hold accepted": "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "guard merged to an effect's own condition without parentheses":
    "options, limits, wording or parsing: store/transaction.test.ts sees it",
  "swallowed declaration error": "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "a guarded read that nobody awaited lets the commit through":
    "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "effects on the record table accepted": "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "effects on the record table accepted, by its ARN":
    "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "a foreign field dropped in silence": "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "a number that JavaScript cannot hold rounded (V3)":
    "options, limits, wording or parsing: consumer/tx.test.ts sees it",
  "zombie handler: the batch waits for it beyond the gate": "bounded by the deadline's answer",
  "zombie handler's tx stays open after the gate closed":
    "the commit refuses what is declared after the gate; X3 judges half a margin later",
  "a message that the schema refuses acknowledged":
    "options, limits, wording or parsing: consumer/batch.test.ts sees it",
  "the schema's issues ignored": "options, limits, wording or parsing: consumer/batch.test.ts sees it",
  "a batch that does not answer at its deadline": "every wait inside is bounded, too",
  "a read of the record that fails taken for no record":
    "the handler runs again, the record's condition decides in the next commit, and an open try is kept (R4): it costs runs",
  "one item twice in a call (IC3)":
    "messages of one key in a batch are one run (B1), and different keys have different items, but where insert.primaryKey maps two keys to one item, which no simulated consumer does",
  "an invocation that is not ended with its response":
    "nothing is under way then: each message has its outcome; what is left is a timer",
  "a message rejected for the rejection of another that ran beside it":
    "the claim refuses the rejection, too (CL1): the message goes back, and only the words differ",
  "a message hidden until the last second: none is left for the request (RD1)":
    "the simulated judgement allows the way of the request",
  "outcomes added after the response went out (B3)":
    "turns of ordering keys: the simulated queue is a standard one; of what has no turn another mutant is seen",
  "origin left out of the ordering key":
    "a simulated batch is of one queue, shard or partition: consumer/order.test.ts sees it",
  "what waited for its turn is told as left open":
    "options, limits, wording or parsing: consumer/order.test.ts sees it",
  "Kafka: two record keys share an ordering key (KF2)":
    "options, limits, wording or parsing: sources/kafka.test.ts sees it",
  "FIFO told by MessageGroupId: fair queues have it, too":
    "options, limits, wording or parsing: sources/sqs.test.ts sees it",
  "an aggregated record taken for a message (KN1)":
    "options, limits, wording or parsing: sources/streams.test.ts sees it",
  "another id of a message for another way to read the stream (KN2)":
    "one way to read the stream is simulated: sources/streams.test.ts sees it",
  "the shard left out of a message's id (KN2)":
    "a business key is the idempotency key, and sequence numbers of the simulated shards differ: sources/streams.test.ts sees it",
  "a change of an item fingerprinted by its documents (DS1)":
    "no stream of a table is simulated: consumer/order-queues.test.ts sees it",
  "binary of an image left as base64": "no stream of a table is simulated: sources/streams.test.ts sees it",
  "a rejected change fingerprinted by its documents":
    "no stream of a table is simulated: consumer/order-queues.test.ts sees it",
  "a dead letter that SQS refuses blocks its stream (PL1)":
    "options, limits, wording or parsing: sources/streams.test.ts and sources/kafka.test.ts sees it",
  "a header that SQS refuses goes with the dead letter (PL2)":
    "options, limits, wording or parsing: sources/kafka.test.ts sees it",
  "a stream without a key option: all of it goes to the dead-letter queue (IT1)":
    "options, limits, wording or parsing: consumer/order-queues.test.ts sees it",
  "records moved by another middleware run in their new order (IT2)":
    "options, limits, wording or parsing: middleware/sources.test.ts sees it",
  "a failed message's group comes when its visibility timeout is over (HD1)":
    "time alone: consumer/order-queues.test.ts sees it",
  "a new deduplication id for every send of a rejection":
    "a letter more, which is at least once: consumer/order-queues.test.ts sees it",
  "a rejection after a redrive swallowed as a duplicate":
    "nothing is redriven into the simulated FIFO queue: consumer/order-queues.test.ts sees it",
  "messages of a key run as they came, not by position (LA1)":
    "the simulated sources deliver in order: consumer/watermark.test.ts sees it",
  "ids of the run in place of the key's (OB1)":
    "a key is committed once, so that nobody compares its ids with those of another run: consumer/outbox.test.ts sees it",
  "ids of a run without the place of their message (OB1)":
    "ordered sources send nothing in the simulation: consumer/outbox-order.test.ts sees it",
  "ids of a run without its origin and consumer (OB1)":
    "ordered sources send nothing in the simulation: consumer/outbox-order.test.ts sees it",
  "an item that grows beyond its limit (OB2)": "options, limits, wording or parsing: protocol/outbox.test.ts sees it",
  "two commits of one position under one sort key (OB3)":
    "ordered sources send nothing in the simulation: protocol/outbox.test.ts sees it",
  "an item of a newer version read (OB4)": "no version writes such an item: protocol/outbox.test.ts sees it",
  "effects on the outbox table accepted": "options, limits, wording or parsing: consumer/sending.test.ts sees it",
  "a counter of a newer version moved on (OC3)": "no version writes such a counter: protocol/outbox.test.ts sees it",
  "what still waits of an older commit overwritten (OX1)":
    "nothing waits in the outbox for longer than a record lives: consumer/outbox.test.ts sees it",
  "a position of its source that gives no order (OX2)":
    "ordered sources send nothing in the simulation: consumer/outbox-order.test.ts sees it",
  "a place in a run that gives no order (OX2)":
    "ordered sources send nothing in the simulation: consumer/outbox-order.test.ts sees it",
  "messages of a batch that meet at a counter (OX3)":
    "cost: the counter's condition decides: consumer/outbox.test.ts sees it",
  "turns in any order of groups: a circle (OX3)":
    "all messages of the simulation are of one group: consumer/outbox.test.ts sees it",
  "a turn waited for beyond the gate (OX3)":
    "time of a response, bounded by the deadline: consumer/outbox.test.ts sees it",
  "a lease that runs out while its message waits for its turn (OX3)":
    "cost: the commit is refused (CL1), and the message comes again: consumer/outbox-order.test.ts sees it",
  "a counter that moved taken for the business's (OX4)": "costs a run of the handler: consumer/outbox.test.ts sees it",
  "a number that others took guessed again (OX4)":
    "cost: the counter's condition decides: consumer/outbox.test.ts sees it",
  "a try that was left open forgotten when the counter moved (OX5)":
    "told outcome: the record's condition decides: consumer/outbox.test.ts sees it",
  "what a fold sends written before its state (OX1)":
    "ordered sources send nothing in the simulation: consumer/reduce-outbox.test.ts sees it",
  "a state without what its fold sends (OX1)":
    "ordered sources send nothing in the simulation: consumer/reduce-outbox.test.ts sees it",
  "ids of a fold that are those of its try (OB1)":
    "ordered sources send nothing in the simulation: consumer/reduce-outbox.test.ts sees it",
  "a fold without the order of its places (OX2)":
    "ordered sources send nothing in the simulation: consumer/reduce-outbox.test.ts sees it",
  "a message of a fold that was refused, and whose error was swallowed, dropped (X1)":
    "ordered sources send nothing in the simulation: consumer/reduce-outbox.test.ts sees it",
};
