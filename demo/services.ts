// The services that the demo runs, by what --function takes.

import { ordersService } from "./orders/service.ts";
import { pipelineService } from "./pipeline/service.ts";
import type { Service } from "./service.ts";
import { telemetryService } from "./telemetry/service.ts";
import { transfersService } from "./transfers/service.ts";

export const SERVICES: readonly Service[] = [ordersService, transfersService, telemetryService, pipelineService];
