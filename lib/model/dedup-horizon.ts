// The dedup horizon: how long a copy of a message may still arrive. Pure.
//
//   H1. An idempotency record lives at least this long, or a late copy is taken for a new message.

export interface DedupHorizonInput {
  /** How often a message may be moved back from the dead-letter queue; each redrive starts a new retention. */
  readonly redrives: number;
  readonly sourceRetentionSeconds: number;
  readonly deadLetterRetentionSeconds: number;
  /** A message that is received in its last moment stays with its function this long. */
  readonly visibilityTimeoutSeconds: number;
  readonly functionTimeoutSeconds: number;
  /** How long after its first send a producer may send the same message again. */
  readonly producerResendWindowSeconds: number;
}

/** H = (1 + redrives) x (source retention + DLQ retention) + visibility timeout + function timeout + resend window. */
export function dedupHorizonSeconds(input: DedupHorizonInput): number {
  const oneLifeSeconds = input.sourceRetentionSeconds + input.deadLetterRetentionSeconds;
  const lastReceiveSeconds = input.visibilityTimeoutSeconds + input.functionTimeoutSeconds;
  return (1 + input.redrives) * oneLifeSeconds + lastReceiveSeconds + input.producerResendWindowSeconds;
}

export interface StreamHorizonInput {
  /** How often a dead letter may be sent into the stream again, each time as a new record of the same message. */
  readonly redrives: number;
  /** A mapping that is made anew reads all that the stream keeps. */
  readonly retentionSeconds: number;
  /** What Lambda holds already it tries again up to this age, also where the stream has forgotten it. */
  readonly recordAgeSecondsMax: number;
  readonly deadLetterRetentionSeconds: number;
  /** A record that is read in its last moment waits so long for its batch. */
  readonly batchWindowSeconds: number;
  readonly functionTimeoutSeconds: number;
  readonly producerResendWindowSeconds: number;
}

/** H = (1 + redrives) x max(retention, record age) + redrives x DLQ retention + batch window + function timeout + resend window. */
export function streamHorizonSeconds(input: StreamHorizonInput): number {
  const oneLifeSeconds = Math.max(input.retentionSeconds, input.recordAgeSecondsMax);
  const livesSeconds = (1 + input.redrives) * oneLifeSeconds + input.redrives * input.deadLetterRetentionSeconds;
  return livesSeconds + input.batchWindowSeconds + input.functionTimeoutSeconds + input.producerResendWindowSeconds;
}
