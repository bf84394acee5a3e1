// One reading of a device, as it stands in the table of devices: each reading replaces the one before it. Temperatures are in integer
// thousandths of a degree, so that sums are exact.

import { z } from "zod";

export const Reading = z.object({
  deviceId: z.string().min(1),
  takenAt: z.iso.datetime(),
  milliCelsius: z.number().int(),
});

export type Reading = z.infer<typeof Reading>;

/** A change of the item of a device. It has no new image where the device was deleted. */
export const ReadingChange = z.object({ newImage: Reading.optional() });
