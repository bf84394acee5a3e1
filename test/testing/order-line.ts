// An order line, for tests of the orders service.

import type { OrderLine } from "../../functions/orders/order-line.ts";

export const line: OrderLine & { readonly customerId: string } = {
  invoiceNo: "536365",
  lineNo: 1,
  stockCode: "85123A",
  description: "WHITE HANGING HEART T-LIGHT HOLDER",
  quantity: 6,
  unitPricePence: 255,
  customerId: "17850",
  country: "United Kingdom",
  invoicedAt: "2010-12-01T08:26:00",
};
