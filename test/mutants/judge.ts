// Was a mutant caught? Pure.

import type { Mutant } from "./mutant.ts";
import type { SuitesResult } from "./suites.ts";

export interface Verdict {
  readonly caught: boolean;
  /** By which test, or why not. */
  readonly text: string;
}

/** Caught means: every suite that is named for it fails by itself. A run that hangs is caught, too. */
export function verdictOf(mutant: Mutant, result: SuitesResult): Verdict {
  switch (result.kind) {
    case "timeout":
      return { caught: true, text: "by timeout: it hangs" };
    case "broken":
      return { caught: false, text: `BROKEN, no test was judged: ${result.reason}` };
    case "passed":
      return { caught: false, text: `SURVIVED ${mutant.caughtBy.join(", ")}` };
    case "failed": {
      const blind = mutant.caughtBy.filter((suite) => !result.failed.some(({ file }) => belongs(file, suite)));
      if (blind.length > 0)
        return { caught: false, text: `SURVIVED ${blind.join(", ")}, though not all of its suites` };
      const first = mutant.caughtBy.map((suite) => result.failed.find(({ file }) => belongs(file, suite)));
      return { caught: true, text: first.map((test) => `${test?.file}: ${test?.name}`).join("; ") };
    }
  }
}

/** Suites in which no file was found: the catalog names what is gone. */
export function emptySuites(suites: readonly string[], files: readonly string[]): string[] {
  return suites.filter((suite) => !files.some((file) => belongs(file, suite)));
}

function belongs(file: string, suite: string): boolean {
  return file === suite || file.startsWith(`${suite}/`);
}
