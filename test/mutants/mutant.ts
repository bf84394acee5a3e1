// A mutant: one deliberate mistake in the real code, and who has to notice it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One change of one file. */
export interface Edit {
  /** Relative to the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends Edit {
  /** What the mistake is, in the words of the failure model. */
  readonly name: string;
  /** Files or folders of test/: each of them has to fail by itself. */
  readonly caughtBy: readonly string[];
  /** Where one edit does not make the mistake whole. */
  readonly also?: readonly Edit[];
}

export function editsOf(mutant: Mutant): readonly Edit[] {
  return [mutant, ...(mutant.also ?? [])];
}

/** What is wrong with a mutant by the state of the sources: a stale one would prove nothing. Empty: nothing. */
export function staleness(mutant: Mutant, root: string): string[] {
  return editsOf(mutant).flatMap(({ file, find }) => {
    const times = occurrences(read(root, file), find);
    return times === 1 ? [] : [`"${mutant.name}" is stale: ${JSON.stringify(find)} occurs ${times} times in ${file}`];
  });
}

/** Makes the mistake in a copy of the repository; the returned function mends it. */
export function applyMutant(mutant: Mutant, root: string): () => void {
  const before = new Map<string, string>();
  for (const { file, find, replace } of editsOf(mutant)) {
    const text = read(root, file);
    if (!before.has(file)) before.set(file, text);
    writeFileSync(
      join(root, file),
      text.replace(find, () => replace),
    );
  }
  return () => {
    for (const [file, text] of before) writeFileSync(join(root, file), text);
  };
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** A file that is gone has no text. */
function read(root: string, file: string): string {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return "";
  }
}
