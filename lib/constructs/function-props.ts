// The props of a consumer's function, whatever feeds it.

import type { Duration } from "aws-cdk-lib";
import type { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Strategy } from "../contract.ts";

/** Properties of the function of a consumer. */
export interface ConsumerFunctionProps {
  /**
   * The function's entry file, TypeScript or JavaScript: an absolute path, or relative to the working directory of the
   * CDK app. `join(import.meta.dirname, "handler.ts")`, or with CommonJS `join(__dirname, "handler.ts")`.
   */
  readonly entry: string;
  /**
   * The entry file's export that Lambda calls.
   * @default "handler"
   */
  readonly handler?: string;
  /**
   * The function's timeout.
   * @default Duration.seconds(3)
   */
  readonly timeout?: Duration;
  /**
   * The function's memory, MiB. Lambda gives CPU in proportion.
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * The function's runtime, Node.js 22 or later.
   * @default Runtime.NODEJS_24_X
   */
  readonly runtime?: Runtime;
  /**
   * The function's processor architecture.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * The strategy of the function's code, `"watermark"` for `reduce`. Told here, it need not be told there; another one there is an
   * error at start. What it needs is checked at synth.
   * @default - as the code says
   */
  readonly strategy?: Strategy;
  /**
   * More environment variables of the function.
   * @default - only those that semel's runtime reads
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Options of esbuild, laid over the construct's own.
   * @default - an ES module, minified, with the AWS SDK inside
   */
  readonly bundling?: BundlingOptions;
  /**
   * Where the function's logs go.
   * @default - a new log group that keeps logs one month and falls under removalPolicy
   */
  readonly logGroup?: ILogGroup;
}

/** Every prop, so that unknown ones can be told; the compiler keeps it complete. */
export const FUNCTION_PROPS: Readonly<Record<keyof ConsumerFunctionProps, true>> = {
  entry: true,
  handler: true,
  timeout: true,
  memorySize: true,
  runtime: true,
  architecture: true,
  strategy: true,
  environment: true,
  bundling: true,
  logGroup: true,
};
