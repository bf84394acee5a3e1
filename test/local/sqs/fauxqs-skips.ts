// Where fauxqs 2.4.1 does other than AWS: by check, what it does instead. The rest of the suite runs on it, so that our engine is
// not the only witness of what the suite asks for.

const NO_MOVE_TASKS = "has no message move tasks";
const ONE_A_GROUP = "gives one message of a group per receive";
const ACCEPTED = "accepts them";

export const FAUXQS_SKIPS: Readonly<Record<string, string>> = {
  // Queues
  "a queue's URL can be reached and its ARN names it":
    "names the host sqs.REGION.localhost, which not every machine resolves",
  "a queue may be created again with the attributes it has, not with others": "the code is QueueNameExists",
  "attributes are set one by one, and asked for one by one": "gives all attributes when none is asked for",
  "attributes of FIFO queues are refused on a standard queue": ACCEPTED,
  "high throughput needs deduplication per group": "accepts it without",
  "names of queues": ACCEPTED,
  "a purge removes all, and can't be repeated at once": "can be repeated at once",
  "errors have AWS's codes, some with the prefix of the old protocol, and the SDK's classes":
    "puts the prefix before every code",
  "an action that there is not": "sends no x-amzn-query-error then",
  // Messages
  "message attributes are given as asked for, by name or prefix, and their MD5 is of those given":
    "gives all when none is asked for",
  "a trace header goes with the message, and counts not for its size": "drops it",
  "a group on a standard queue marks a tenant and holds nothing back": "drops the group",
  "a deduplication id is refused on a standard queue": "accepts it",
  "characters outside of SQS's set are refused": "refuses those beyond U+FFFF, too",
  "10 message attributes pass, 11 do not": "takes any number",
  "message attributes that are not well-formed are refused": ACCEPTED,
  "lists as attribute values are not supported": ACCEPTED,
  "parameters out of their range are refused": ACCEPTED,
  // Visibility
  "what is no receipt is refused": "anything passes for one",
  "visibility of a message that is not in flight can't be changed": "succeeds",
  "a late receipt can't hide what somebody else received since": "the code is MessageNotInflight",
  "12 hours from the receive is the longest that a message is hidden; more is an error": "no limit from the receive",
  "each of several long polls gets a message of its own": "one message ends all polls, the others with none",
  "a long poll whose caller went away takes no message": "the message is received for the caller that went",
  // Batches
  "wrong batches are refused as a whole": "doesn't check ids",
  "deletions fail one by one": "anything passes for a receipt",
  // Dead letters
  "a message moves on the receive after its last one, as it was": "no DeadLetterQueueSourceArn",
  "its receive count goes on in the dead-letter queue; the receive that moved it did not count":
    "counts the receive that moved it",
  "wrong redrive policies are refused": ACCEPTED,
  "a dead-letter queue chooses whom it serves": "has no RedriveAllowPolicy",
  "a dead-letter queue tells its sources, and an empty policy ends it": "has no ListDeadLetterSourceQueues",
  "a redrive gives new messages: new id, sent now, not yet received, else as they were": NO_MOVE_TASKS,
  "a redrive takes each message to the queue it came from, or all to the one that it names": NO_MOVE_TASKS,
  "a redrive of what was sent to the dead-letter queue itself fails, and loses nothing": NO_MOVE_TASKS,
  "one move task at a time, and it can be cancelled": NO_MOVE_TASKS,
  "wrong move tasks are refused": NO_MOVE_TASKS,
  // FIFO
  "a receive gives as many messages of a group as there are, in order, then those of the next": ONE_A_GROUP,
  "while messages of a group are in flight no later one is received; other groups are": ONE_A_GROUP,
  "messages come again in their order": ONE_A_GROUP,
  "a second one in flight that becomes visible waits for the first": ONE_A_GROUP,
  "sequence numbers have 20 digits and grow": ONE_A_GROUP,
  "content-based deduplication looks at the body alone, and an id of its own overrides it": ONE_A_GROUP,
  "deduplication per group takes the same id in two groups for two messages": "deduplicates over the whole queue",
  "a message without a group, or without a deduplication id, is refused": "takes any character in a group id",
  "a receipt ends with its visibility timeout": "deletes with an old receipt",
  "a dead letter has its message id as deduplication id, and is sent anew": "keeps the deduplication id and the time",
  "a redrive is not taken for a duplicate of the message that was dead": NO_MOVE_TASKS,
  "a batch without groups is refused as a whole": "its entries fail one by one",
};
