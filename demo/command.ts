// A command of this repository: options that are wrong, or that ask for help, end it before it does anything.

/** Its exit code. `parse` gives nothing when help was asked for, and throws an Error with what is wrong. */
export async function runCommand<Options>(
  usage: string,
  parse: (args: readonly string[]) => Options | undefined,
  run: (options: Options) => Promise<number>,
): Promise<number> {
  let options: Options | undefined;
  try {
    options = parse(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options !== undefined) return run(options);
  console.log(usage);
  return 0;
}
