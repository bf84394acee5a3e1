// Finds the command that was asked for.
import { SemelError } from "../errors.ts";

const HELP = `semel - exactly-once effects for AWS Lambda

Usage: semel <command> [options]

Commands:
  local    run a CDK cloud assembly on this machine

semel <command> --help tells more.
`;

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/** Gives the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "--help" || command === "-h" || command === "help") {
    process.stdout.write(HELP);
    return OK;
  }
  if (command !== "local") {
    const seen = command === undefined ? "no command given" : `unknown command "${command}"`;
    process.stderr.write(`semel: ${seen}; commands: local\n\n${HELP}`);
    return WRONG_USAGE;
  }
  const { LOCAL_HELP, localCommand } = await import("./local.ts"); // the help must not wait for the AWS SDK
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(LOCAL_HELP);
    return OK;
  }
  try {
    return await localCommand(rest);
  } catch (thrown) {
    if (isUsageError(thrown)) {
      process.stderr.write(`semel local: ${thrown.message}\n\n${LOCAL_HELP}`);
      return WRONG_USAGE;
    }
    // The stack of an error that names its remedy is noise.
    const text =
      thrown instanceof SemelError ? thrown.message : thrown instanceof Error ? thrown.stack : String(thrown);
    process.stderr.write(`semel local: ${text}\n`);
    return FAILED;
  }
}

/** What node:util's parseArgs throws. */
function isUsageError(thrown: unknown): thrown is Error {
  return thrown instanceof TypeError && String((thrown as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
}
