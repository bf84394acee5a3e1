// Finds the command that was asked for.
import { SemelError } from "../errors.ts";

const HELP = `semel - exactly-once effects for AWS Lambda

Usage: semel <command> [options]

Commands:
  local      run a CDK cloud assembly on this machine
  redrive    move the messages of a dead-letter queue back, and say first what became of them

semel <command> --help tells more.
`;

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

interface Command {
  readonly help: string;
  /** Gives the exit status. */
  run(args: readonly string[]): Promise<number>;
}

/** Loaded when it is asked for: the help of all must not wait for the AWS SDK. */
const COMMANDS: ReadonlyMap<string | undefined, () => Promise<Command>> = new Map([
  ["local", () => import("./local.ts").then(({ LOCAL_HELP: help, localCommand: run }) => ({ help, run }))],
  ["redrive", () => import("./redrive.ts").then(({ REDRIVE_HELP: help, redriveCommand: run }) => ({ help, run }))],
]);

/** Gives the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "--help" || command === "-h" || command === "help") {
    process.stdout.write(HELP);
    return OK;
  }
  const load = COMMANDS.get(command);
  if (load === undefined) {
    const seen = command === undefined ? "no command given" : `unknown command "${command}"`;
    process.stderr.write(`semel: ${seen}; commands: ${[...COMMANDS.keys()].join(", ")}\n\n${HELP}`);
    return WRONG_USAGE;
  }
  const { help, run } = await load();
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(help);
    return OK;
  }
  try {
    return await run(rest);
  } catch (thrown) {
    if (isUsageError(thrown)) {
      process.stderr.write(`semel ${command}: ${thrown.message}\n\n${help}`);
      return WRONG_USAGE;
    }
    // The stack of an error that names its remedy is noise.
    const text =
      thrown instanceof SemelError ? thrown.message : thrown instanceof Error ? thrown.stack : String(thrown);
    process.stderr.write(`semel ${command}: ${text}\n`);
    return thrown instanceof SemelError && thrown.code === "SEMEL_OPTIONS" ? WRONG_USAGE : FAILED;
  }
}

/** What node:util's parseArgs throws. */
function isUsageError(thrown: unknown): thrown is Error {
  return thrown instanceof TypeError && String((thrown as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
}
