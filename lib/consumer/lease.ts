// A key that is held: its lease is renewed while the handler runs. The invariants are those of protocol/claim.ts.
//
//   LE1. Only an answer that says so means that the lease is lost. A conflict, a throttled or an unanswered renewal does not.
//   LE2. No renewal is under way when the commit is sent: it would conflict with it on the record.

import type { Host } from "../host.ts";
import { leaseUntil } from "../protocol/claim.ts";
import type { ClaimedRecord } from "../protocol/record.ts";
import type { Claims } from "../store/claims.ts";
import type { CallControl } from "../store/record-store.ts";
import { leaseLost } from "./failures.ts";

export interface HeldLease {
  readonly record: ClaimedRecord;
  /** Aborts, with the error, when somebody else has the key. */
  readonly lost: AbortSignal;
  /** Renews while the handler runs, and waits for nothing. */
  during<T>(handler: () => Promise<T>): Promise<T>;
  /** Resolves when no renewal is under way. LE2 */
  settled(): Promise<void>;
  /** Is a handler still running, though nobody waits for it any more? */
  abandoned(): boolean;
}

export interface HoldOptions {
  readonly claims: Claims;
  readonly host: Host;
  readonly leaseMs: number;
  readonly control: CallControl;
}

/** Renewals in the time of a lease, each of which may take as long: one may go without an answer. */
const RENEWALS_PER_LEASE = 4;

export function holdLease(record: ClaimedRecord, { claims, host, leaseMs, control }: HoldOptions): HeldLease {
  const lost = new AbortController();
  let handlers = 0;
  let cancel = (): void => {};
  let renewal: Promise<void> = Promise.resolve();

  function plan(): void {
    cancel = host.after(leaseMs / RENEWALS_PER_LEASE, () => {
      renewal = renew();
    });
  }

  async function renew(): Promise<void> {
    if (control.timeLeftMs() <= 0) return;
    const untilMs = leaseUntil(host.nowMs(), leaseMs, record.ownerDeadlineMs);
    const { kind } = await inTime((signal) => claims.renew(record, untilMs, { ...control, signal }));
    const isLost = kind === "lost"; // LE1
    if (isLost) lost.abort(leaseLost());
    else if (kind !== "ended" && handlers > 0) plan(); // ended: an open commit of ours landed, and the next one finds it
  }

  /** A renewal that hangs leaves time for the next one. */
  async function inTime<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const cancelTimeout = host.after(leaseMs / RENEWALS_PER_LEASE, () => timeout.abort(new Error("no answer in time")));
    try {
      return await act(AbortSignal.any([timeout.signal, control.signal]));
    } finally {
      cancelTimeout();
    }
  }

  return {
    record,
    lost: lost.signal,
    async during(handler) {
      handlers++;
      plan();
      try {
        return await handler();
      } finally {
        handlers--;
        cancel();
      }
    },
    async settled() {
      cancel();
      await renewal;
      cancel(); // of a handler that was given up: it planned the next one
    },
    abandoned: () => handlers > 0,
  };
}
