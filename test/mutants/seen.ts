// Where the simulation sees a mistake first: hints that make the run by simulation quick. One that is out of date costs time
// alone: then the other profiles and suites are tried.

/** Of npm run sim. */
export interface Sighting {
  readonly profile: string;
  readonly strategy: string;
  readonly seed: number;
}

type Line = `${string} ${string} ${number}`;

/** By the name of the mutant: profile, strategy and seed. */
const LINES: Readonly<Record<string, Line>> = {
  "a takeover of a lease that was renewed meanwhile": "takeovers claim 1",
  "a takeover by another payload that does not look at the steps again (CL5)": "dead-holders claim 30",
  "a takeover that forgets whom its key rejected (CL4)": "crowd-of-one-key claim 4",
  "a rejected message that runs under its key after another's claim (CL4)": "crowd-of-one-key claim 4",
  "a message that was rejected commits over another's claim (P4)": "strategies-with-one-key claim 26",
  "the rejection of another message taken for the own": "two-with-one-key claim 9",
  "a claim that went through after all is reported failed": "open-tries claim 9",
  "a key given back while a step still runs (ST5)": "steps-in-flight claim 1",
  "a step whose result is not known to be kept counts as kept": "steps-in-flight claim 3",
  "a step that could not be kept is the handler's to swallow": "steps-not-kept claim 1",
  "a step that ends after the gate is not kept": "late-steps claim 1",
  "a step that nobody awaited lets the commit through": "steps-in-flight claim 2",
  "an open try of a claim's write forgotten": "open-tries claim 2",
  "a lease of a clock far ahead is waited for": "skewed-far claim 1",
  "the result of a re-run for that of the run that was committed (I6)": "hot-prices claim 9",
  "a key acquired after the gate closed": "after-the-gate claim 2",
  "a key acquired by a sandbox that thaws before the gate's timer fires (L1)": "after-the-gate claim 8",
  "a later change of a declared object counts (V1)": "hot-prices commit 1",
  "guard without the absence terms: a named attribute that was not there": "hot-prices commit 1",
  "guard of the first read alone, where an item was read twice": "hot-prices commit 1",
  "the item of another key taken for this one's (IN2)": "foreign-items insert 2",
  "an item that is gone taken for a duplicate (IN3)": "foreign-items insert 2",
  "an item that is gone is inserted again by the next delivery (IN3)": "foreign-items insert 1",
  "a read that failed taken for an item that is gone": "foreign-items insert 2",
  "an open try forgotten when the time is up": "one-slow-lane insert 1",
  "an item twice in one group: a write and a fold (GC2)": "hot-items commit 1",
  "a group of more than 100 actions": "large-groups commit 1",
  "state shared between invocations": "meddling-middleware commit 4",
  "event changed by another middleware before its ids are taken": "meddling-middleware commit 1",
  "an invocation that is over leaves its gate open (L1)": "meddling-middleware commit 1",
  "commit after the gate closed: an invocation that is over has time left (L1)": "answered-early commit 1",
  "unprocessed key taken for absent": "failing-reads commit 1",
  "a failed read of a redelivered message's record fails the message": "failing-reads commit 1",
  "a direct invocation runs again on the event that its first run changed (R3)": "hot-prices commit 1",
  "a rejection after the gate closed (RE1)": "after-the-gate commit 1",
  "a commit stopped by a claim that nobody works on any more": "after-the-claim claim 1",
  "swallowed error of a guarded read": "swallowed-reads commit 1",
  "same token after a definite cancellation": "broad commit 1",
  "a rejection that drops the steps of a rejected claim (CL4)": "strategies-with-one-key commit 11",
  "what is told after the response is added to it (B3)": "late-duplicates commit 2",
  "FIFO continues after a failure (OR2)": "shards commit 2",
  "a message starts before the one before it is settled (OR1)": "fifo commit 1",
  "a failed message counts as settled for its ordering key (OR2)": "shards commit 2",
  "the second message behind a failure goes on (OR2)": "fifo commit 1",
  "one order for all keys of a queue (OR3)": "fifo watermark 1",
  "no order at all": "fifo commit 1",
  "the rest of a failed group acknowledged (QF1)": "fifo commit 1",
  "a healthy group given back (QF1)": "fifo watermark 1",
  "lowest failure by text instead of by number (QS2)": "shards commit 1",
  "the highest failure named instead of the lowest (QS1)": "shards commit 1",
  "a stream's response names nothing (QS1)": "shards commit 1",
  "Kafka: only the lowest failure named, the others lost (KF1)": "topic commit 1",
  "Kafka: the partition named without its topic": "topic commit 1",
  "watermark moved without effects (WM1)": "fifo watermark 1",
  "condition <= instead of < (WM1)": "fifo watermark 1",
  "watermark per shard with parallelization 10 (WM2)": "fifo watermark 1",
  "origin left out of the scope (WM2)": "shards watermark 1",
  "epoch left out of the scope (WM2)": "made-anew watermark 1",
  "epoch of a state's positions left out (KS2)": "made-anew reduce 1",
  "run not cut at an item it wrote (OR4)": "fifo watermark 1",
  "an item that the run wrote is read before its commit (OR4)": "fifo watermark 1",
  "a watermark of a newer version is moved (WM4)": "shards watermark 1",
  "a message that was passed over counts as done (WM3)": "fifo watermark 1",
  "what is behind a dead letter that was not sent goes on (LR2)": "shards reduce 1",
  "the rest of a run is taken for done with its first (LR1)": "fifo watermark 2",
  "what was read without a guard goes on though somebody else was faster (LR4)": "otherwise watermark 24",
  "a rejection by what was read goes on though somebody else was faster (LR4)": "other-verdicts watermark 16",
  "what ran behind a message that ran again is committed as it was (LR3)": "slow-handlers watermark 1",
  "a failed message's ordering key goes on (LN1)": "fifo watermark 1",
  "ready messages wait for a slow handler (LN2)": "slow-handlers watermark 1",
  "a message that is done fails with its handler (LN3)": "fifo watermark 1",
  "a state written over another write (KS1)": "fifo reduce 1",
  "a state written without its position (KS1)": "fifo reduce 1",
  "origins of a state not told apart (KS2)": "fifo reduce 1",
  "what was passed over is folded": "fifo reduce 1",
  "another consumer's state is overwritten (KS3)": "fifo reduce 1",
  "a state folded twice on the same messages (SS1)": "fifo reduce 1",
  "binary state handed out from the memory of the process (SS1)": "fifo reduce 1",
  "positions of two shards compared (KN3)": "shards watermark 1",
  "given up for good by a handler that had not seen what was before it (LN4)": "given-up watermark 1",
  "one id for all messages of a commit (OB1)": "sending commit 1",
  "a group together with what has no order (OB3)": "sending commit 1",
  "a number taken from a counter that moved (OC1)": "sending commit 1",
  "the first number of a group taken twice (OC1)": "sending claim 4",
  "a condition of the business taken for the counter's (OX4)": "sending commit 1",
};

export function sightingOf(name: string): Sighting | undefined {
  const [profile, strategy, seed] = LINES[name]?.split(" ") ?? [];
  if (profile === undefined || strategy === undefined) return undefined;
  return { profile, strategy, seed: Number(seed) };
}

export const SEEN: readonly string[] = Object.keys(LINES);
