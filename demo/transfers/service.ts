// The demo's transfers: between accounts, on a FIFO queue. A repetition has another deduplication id: it is what a producer sends that
// tries again after the five minutes for which SQS remembers one.

import { join } from "node:path";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { RemovalPolicy } from "aws-cdk-lib";
import { TransfersStack } from "../../functions/transfers/stack.ts";
import type { Account, Decision } from "../../functions/transfers/transfer.ts";
import { bundling } from "../app.ts";
import { sendInOrder, withDuplicates } from "../producer.ts";
import { seededRandom } from "../random.ts";
import type { Service } from "../service.ts";
import { checkBooks } from "./books.ts";
import { generateBank } from "./generate.ts";

const FUNCTIONS = join(import.meta.dirname, "../../functions/transfers");

export const transfersService: Service = {
  name: "transfers",
  handlers: {
    semel: { title: "with semel", entry: join(FUNCTIONS, "handler.ts"), stack: "Transfers" },
    plain: { title: "plain handler", entry: join(FUNCTIONS, "plain-handler.ts"), stack: "PlainTransfers" },
  },
  figures: [
    { name: "done", title: "transfers done" },
    { name: "refused", title: "transfers refused" },
    { name: "lostTransfers", title: "transfers lost", complaint: (count) => `${count} transfers were lost` },
    {
      name: "duplicatedTransfers",
      title: "transfers decided twice",
      complaint: (count) => `${count} transfers were decided twice`,
    },
    {
      name: "outOfOrder",
      title: "transfers out of order",
      complaint: (count) => `${count} transfers are out of order`,
    },
    { name: "penceOff", title: "pence off", complaint: (pence) => `the balances are ${pence} pence off` },
    {
      name: "penceMadeOrLost",
      title: "pence made or lost",
      complaint: (pence) => `${pence} pence were made or lost`,
    },
    { name: "overdrawn", title: "accounts overdrawn", complaint: (count) => `${count} accounts are overdrawn` },
  ],
  praise: "every transfer is decided once and in order, and no penny is made or lost",
  readsFiles: false,
  transactionConflicts: true,
  hasVisibility: true,
  addStack(app, { stack, entry }) {
    new TransfersStack(app, stack, { removalPolicy: RemovalPolicy.DESTROY, bundling, entry });
  },
  load({ seed, limit }) {
    const bank = generateBank(seededRandom(seed), limit);
    return {
      messages: bank.transfers.length,
      async prepare({ dynamodb, output }) {
        const TableName = output("AccountsTable");
        for (const Item of bank.accounts) await dynamodb.send(new PutCommand({ TableName, Item }));
      },
      sends(duplicates, random) {
        const entries = withDuplicates(bank.transfers, duplicates, random).map((transfer, index) => ({
          MessageBody: JSON.stringify(transfer),
          MessageGroupId: transfer.from,
          MessageDeduplicationId: `${transfer.transferId}-${index}`,
        }));
        return {
          count: entries.length,
          deliveriesMin: entries.length,
          sendTo: ({ sqs, output }) => sendInOrder(sqs, output("QueueUrl"), entries),
        };
      },
      async check({ scan }) {
        const [accounts, decisions] = await Promise.all([scan("AccountsTable"), scan("DecisionsTable")]);
        return {
          ...checkBooks(bank, {
            accounts: accounts as unknown as Account[],
            decisions: decisions as unknown as Decision[],
          }),
        };
      },
    };
  },
};
