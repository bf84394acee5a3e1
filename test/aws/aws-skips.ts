// Checks of the SQS suite that AWS need not pass, by its own documentation: what the local engine does at once, AWS does within
// a minute, or approximately. The rest of the suite holds on AWS, if SQS gives all that there is; hence its repetitions.

const DELETION = "AWS takes up to 60 seconds to delete a queue";
const ATTRIBUTES = "AWS takes up to 60 seconds to spread a queue's attributes";
const COUNTS = "AWS's counts are approximate, and a minute late";
const FEWER = "AWS may give fewer messages than there are";
const LISTS = "AWS's lists of queues are late";

export const AWS_SKIPS: Readonly<Record<string, string>> = {
  "a queue is created, found, listed, deleted, and gone then": DELETION,
  "attributes are set one by one, and asked for one by one": ATTRIBUTES,
  "lists of queues come in pages": LISTS,
  "counts tell visible, delayed and in-flight messages apart": COUNTS,
  "a purge removes all, and can't be repeated at once": "AWS takes up to 60 seconds to purge a queue",
  "a dead-letter queue tells its sources, and an empty policy ends it": ATTRIBUTES,
  "a new delay of a standard queue counts for new messages only": ATTRIBUTES,
  "10 messages are sent, received and deleted in one call each": FEWER,
  "a receive gives one message unless it asks for more, and no list when there is none": FEWER,
  "a deleted message does not come again": COUNTS,
  "a redrive takes each message to the queue it came from, or all to the one that it names": FEWER,
  "a queue's URL can be reached and its ARN names it":
    "AWS's queue URLs and the endpoint of a region may have different hosts",
  "an action that there is not": "AWS asks for a signature first",
};
