// What every check of the package works with.

import type { Run } from "./command.ts";
import type { Installer } from "./install.ts";
import type { Report } from "./report.ts";

export interface Tools {
  /** The repository. */
  readonly root: string;
  readonly run: Run;
  readonly report: Report;
  readonly installer: Installer;
}
