// Ctrl-C and its like.

/** Resolves with the first signal. A second one ends the process at once. */
export function waitForInterruption(): Promise<0> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = () => {
      signals += 1;
      if (signals > 1) process.exit(130);
      resolve(0);
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
  });
}
