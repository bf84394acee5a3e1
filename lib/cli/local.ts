// semel local: runs a cloud assembly until Ctrl-C.
import { parseArgs } from "node:util";
import { type LocalCloud, startLocal } from "../local/index.ts";
import { describeCounts, describeFault, readFaultsFile } from "./faults.ts";
import { waitForInterruption } from "./interruption.ts";

export const LOCAL_HELP = `Usage: semel local [--assembly cdk.out] [--stack NAME]... [--faults FILE]

Runs the queues, tables and functions of a CDK cloud assembly on this machine, until Ctrl-C.

Options:
  --assembly FOLDER   the cloud assembly that "cdk synth" wrote (default: cdk.out)
  --stack NAME        run this stack only; may be given more than once (default: all)
  --faults FILE       injects faults as the JSON in FILE says, prints each, and how many they were at the end, such as
                      {"seed":7,"workers":[{"fault":"kill","everyMs":5000}],
                       "calls":[{"service":"dynamodb","fault":"reset-after","probability":0.02}]}
  --help              this text

Environment:
  AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SQS
                      engines that run already, in place of the embedded ones
  AWS_ENDPOINT_URL_KINESIS
                      an engine for Kinesis, which has no embedded one
  KAFKA_BOOTSTRAP_SERVERS
                      a Kafka that runs already, such as localhost:9092; needs @platformatic/kafka
`;

/** Gives the exit status. */
export async function localCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      assembly: { type: "string", default: "cdk.out" },
      stack: { type: "string", multiple: true, default: [] },
      faults: { type: "string" },
    },
  });
  const faults = values.faults === undefined ? {} : { faults: await readFaultsFile(values.faults) };
  const interruption = waitForInterruption(); // a second signal ends the process; what it started dies with it
  let engineFailed: () => void = () => {};
  const failure = new Promise<1>((resolve) => {
    engineFailed = () => resolve(1);
  });
  const starting = startLocal({
    assembly: values.assembly,
    stacks: values.stack,
    ...faults,
    observer: (event) => {
      if (event.kind === "engine-failed") engineFailed();
      if (event.kind === "fault") process.stdout.write(`[faults] ${describeFault(event)}\n`);
    },
  });
  const cloud = await starting;
  process.stdout.write(describeCloud(cloud));
  const status = await Promise.race([interruption, failure]);
  process.stdout.write("stopping\n");
  await cloud.stop();
  if (values.faults !== undefined) process.stdout.write(describeCounts(cloud));
  return status;
}

export function describeCloud(cloud: LocalCloud): string {
  const lines = [
    "The local cloud runs. Ctrl-C stops it.",
    `  DynamoDB   ${cloud.endpoints.dynamodb}`,
    `  SQS        ${cloud.endpoints.sqs}`,
    ...(cloud.endpoints.kinesis === undefined ? [] : [`  Kinesis    ${cloud.endpoints.kinesis}`]),
    ...(cloud.endpoints.kafka === undefined ? [] : [`  Kafka      ${cloud.endpoints.kafka}`]),
    ...cloud.queues.map(({ url }) => `  queue      ${url}`),
    ...cloud.tables.map(({ name }) => `  table      ${name}`),
    ...cloud.functions.map(({ name }) => `  function   ${name}`),
  ];
  for (const stackName of cloud.stackNames) {
    for (const [key, value] of Object.entries(cloud.outputs(stackName)))
      lines.push(`  output     ${stackName}.${key} = ${value}`);
  }
  return `${lines.join("\n")}\n`;
}
