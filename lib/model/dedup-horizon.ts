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
