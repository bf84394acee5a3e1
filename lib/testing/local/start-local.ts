// startLocal(): a local cloud for tests.

import { type LocalCloud, startLocal as startCloud } from "../../local/index.ts";
import { refuseUnknown } from "../../local/options.ts";
import { createKeptLog, type KeptLog } from "./kept-log.ts";
import { type CdkConstruct, sourceOf } from "./source.ts";
import { toTestCloud } from "./test-cloud.ts";
import type { LocalTestOptions, TestCloud, TestCopyOptions } from "./types.ts";

const OPTIONS: readonly (keyof LocalTestOptions)[] = [
  "stacks",
  "endpoints",
  "logger",
  "observer",
  "faults",
  "restartable",
];

/**
 * Runs the stacks of a cloud assembly (its path), or of an App, a Stage or a Stack of CDK, on embedded engines. Start it once for
 * a file of tests, and give a test that must not meet the others a copy().
 *
 * @throws SemelError SEMEL_LOCAL.
 */
export async function startLocal(source: string | CdkConstruct, options: LocalTestOptions = {}): Promise<TestCloud> {
  refuseUnknown(options, OPTIONS, "Cannot start the local cloud");
  const { assembly, stacks } = sourceOf(source);
  const log = createKeptLog(options.logger);
  const given = { ...options, assembly, stacks: options.stacks ?? stacks ?? [], logger: log.logger };
  return log.telling(async () => testCloudOf(await startCloud(given), log, options));
}

function testCloudOf(cloud: LocalCloud, log: KeptLog, { logger }: TestCopyOptions): TestCloud {
  return toTestCloud({
    cloud,
    log,
    async copy(given) {
      const options = logger === undefined ? given : { logger, ...given };
      const own = createKeptLog(options.logger);
      return own.telling(async () => testCloudOf(await cloud.copy({ ...given, logger: own.logger }), own, options));
    },
  });
}
