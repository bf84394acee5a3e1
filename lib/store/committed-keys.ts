// Keys known to be committed, remembered by a process: their duplicates cost no request. Bounded; the longest unused goes
// first.
//
//   CK1. A key is added only after its commit was acknowledged, or its record was read as COMPLETED.
//   CK2. An entry is worth no more than its record: it is not used after the record's lifetime.

export interface CommittedKey {
  readonly pk: string;
  readonly fingerprint: string;
  readonly expiresAtSeconds: number;
}

export interface CommittedKeys {
  add(key: CommittedKey): void;
  /** Its payload's fingerprint too: another payload is for the record to judge. */
  has(pk: string, fingerprint: string, nowMs: number): boolean;
}

export function committedKeys(keysMax: number): CommittedKeys {
  const entries = new Map<string, Omit<CommittedKey, "pk">>(); // in order of use
  // Goes on where it stood: a new iterator passes by all places that were deleted since the Map last grew, every time.
  const oldestFirst = entries.keys();
  return {
    add({ pk, fingerprint, expiresAtSeconds }) {
      entries.delete(pk);
      entries.set(pk, { fingerprint, expiresAtSeconds });
      if (entries.size <= keysMax) return;
      const oldest = oldestFirst.next();
      if (!oldest.done) entries.delete(oldest.value);
    },
    has(pk, fingerprint, nowMs) {
      const entry = entries.get(pk);
      if (!entry) return false;
      entries.delete(pk);
      if (nowMs >= entry.expiresAtSeconds * 1000) return false; // CK2
      entries.set(pk, entry);
      return entry.fingerprint === fingerprint;
    },
  };
}
