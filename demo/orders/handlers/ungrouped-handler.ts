// The orders service with one transaction a message.

import { exactlyOnce } from "semel";
import { OrderLine } from "../../../functions/orders/order-line.ts";
import { lineKey, postLine } from "../../../functions/orders/post-line.ts";

const orders = exactlyOnce({ schema: OrderLine, key: ({ body }) => lineKey(body), groupCommit: false });

export const handler = orders.lambda(({ body }, tx) => postLine(body, tx));
