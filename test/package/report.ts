// Runs checks one after the other, prints each with its time, and counts.

export interface Report {
  /** Runs a check; a throw makes it a failure. Returns undefined then. */
  check<T>(name: string, run: () => Promise<T> | T): Promise<T | undefined>;
  skip(name: string, reason: string): void;
  /** Prints the totals; true if nothing failed. */
  finish(): boolean;
}

export function createReport(): Report {
  const counts = { passed: 0, failed: 0 };
  const startedMs = Date.now();
  return {
    async check(name, run) {
      const beganMs = Date.now();
      try {
        const result = await run();
        counts.passed += 1;
        console.log(`ok    ${name} (${seconds(beganMs)} s)`);
        return result;
      } catch (error) {
        counts.failed += 1;
        console.log(`FAIL  ${name} (${seconds(beganMs)} s)`);
        console.log(indented(error instanceof Error ? error.message : String(error)));
        return undefined;
      }
    },
    skip(name, reason) {
      console.log(`skip  ${name}: ${reason}`);
    },
    finish() {
      console.log(`in ${seconds(startedMs)} s`);
      console.log(`${counts.passed} passed, ${counts.failed} failed`);
      return counts.failed === 0;
    },
  };
}

function seconds(sinceMs: number): string {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "      ");
}
