// Mistakes about bodies that are compressed, in S3, or too large for a dead-letter queue, and about what they are said to cost.

import type { Mutant } from "../mutant.ts";

const PAYLOAD = "payload/payload.test.ts";
const CONSUMER = "consumer/encoded.test.ts";
const ROOM = "consumer/open-body.test.ts";
const LETTERS = "consumer/large-letters.test.ts";
const PUBLISHER = "publisher/bodies.test.ts";

export const PAYLOAD_MUTANTS: readonly Mutant[] = [
  {
    name: "compressed though it is larger (EC1)",
    file: "lib/payload/encode.ts",
    find: "return isSmaller ? packed : plain;",
    replace: "return packed;",
    caughtBy: [PAYLOAD, PUBLISHER],
  },
  {
    name: "stored though it fits (EC2)",
    file: "lib/payload/encode.ts",
    find: "if (claimCheck === undefined || messageBytes(inline.body, inline.attributes) <= claimCheck.overBytes) return inline; // EC2",
    replace: "if (claimCheck === undefined) return inline;",
    caughtBy: [PAYLOAD, PUBLISHER],
  },
  {
    name: "objects of two forms under one name (EB2)",
    file: "lib/protocol/encoded-body.ts",
    find: `\${gzipped ? ".gz" : ""}`,
    replace: "",
    caughtBy: [PAYLOAD],
  },
  {
    name: "any object of the bucket taken for a payload (EB2)",
    file: "lib/protocol/encoded-body.ts",
    find: "(?:.*\\/)?[0-9a-f]{64}\\/(?<payloadHash>[0-9a-f]{64})",
    replace: "(?<payloadHash>.*)",
    caughtBy: [PAYLOAD],
  },
  {
    name: "content that its name does not say is taken (DE2)",
    file: "lib/payload/decode.ts",
    find: "if (context.sha256(payload) !== claim.payloadHash)",
    replace: "if (claim.payloadHash === payload)",
    caughtBy: [PAYLOAD],
  },
  {
    name: "whatever bucket a message names is read (DE2)",
    file: "lib/payload/decode.ts",
    find: "if (claim.bucket !== context.bucket) throw otherBucket(claim, context.bucket); // DE2",
    replace: "if (context.bucket === undefined) throw otherBucket(claim, context.bucket);",
    caughtBy: [PAYLOAD, CONSUMER],
  },
  {
    name: "an object that cannot be read rejects its message (DE1)",
    file: "lib/payload/decode.ts",
    find: `{ code: "SEMEL_CLAIM_CHECK", retryable: true, cause },`,
    replace: `{ code: "SEMEL_BODY", retryable: false, cause },`,
    caughtBy: [PAYLOAD, CONSUMER],
  },
  {
    name: "an encoding of a newer version rejects its message (DE1)",
    file: "lib/payload/decode.ts",
    find: `{ code: "SEMEL_BODY", retryable: true },`,
    replace: `{ code: "SEMEL_BODY", retryable: false },`,
    caughtBy: [PAYLOAD, CONSUMER],
  },
  {
    name: "unpacked whatever it grows to (GZ1)",
    file: "lib/payload/gzip.ts",
    find: ", { maxOutputLength: PAYLOAD_BYTES_MAX }",
    replace: "",
    caughtBy: [PAYLOAD],
  },
  {
    name: "sent before S3 has the body (UP1)",
    file: "lib/publisher/try-once.ts",
    find: "const unstored = await storeBodies(turns, over, context);",
    replace: "const unstored = new Map<number, EntryAnswer>();",
    caughtBy: [PUBLISHER, "publisher/sending.test.ts"],
  },
  {
    name: "a body that S3 has is put again with every try",
    file: "lib/publisher/store-bodies.ts",
    find: "item.isStored = true;",
    replace: "",
    caughtBy: [PUBLISHER],
  },
  {
    name: "what S3 may still take is given up (UP2)",
    file: "lib/publisher/store-bodies.ts",
    find: `isRefusal(cause) ? "unstored" : "throttled"`,
    replace: `"unstored"`,
    caughtBy: [PUBLISHER],
  },
  {
    name: "a request after the end, since its object came late (PS5)",
    file: "lib/publisher/try-once.ts",
    find: "if (ready.length === 0 || end.isUp())",
    replace: "if (ready.length === 0)",
    caughtBy: [PUBLISHER],
  },
  {
    name: "a lone surrogate compressed into another character",
    file: "lib/publisher/message.ts",
    find: "bodyFault(body.text); // before it is encoded, which would change a lone surrogate",
    replace: "undefined;",
    caughtBy: [PUBLISHER],
  },
  {
    name: "a message that was not opened taken for its payload (OP2)",
    file: "lib/consumer/message.ts",
    find: "unopened(given, error)",
    replace: "(void unopened, void error, given)",
    caughtBy: [CONSUMER],
  },
  {
    name: "a dead letter of the payload, not of the body that came (OP1)",
    file: "lib/consumer/open-body.ts",
    find: "{ ...delivery, opened: payload,",
    replace: "{ ...delivery, text: () => payload, opened: payload,",
    caughtBy: [CONSUMER],
  },
  {
    name: "no JSON of an encoded message fingerprinted as it came",
    file: "lib/consumer/message.ts",
    find: "delivery.opened ?? delivery.text()",
    replace: "delivery.text()",
    caughtBy: [CONSUMER],
  },
  {
    name: "an object read with every run of its message (OP3)",
    file: "lib/consumer/open-body.ts",
    find: "if (known) return known; // OP3",
    replace: "",
    caughtBy: [CONSUMER],
  },
  {
    name: "a batch that opens all its payloads at once (OP4)",
    file: "lib/consumer/open-body.ts",
    find: "bytesOpen >= OPEN_BYTES_MAX",
    replace: "bytesOpen < 0",
    caughtBy: [ROOM],
  },
  {
    name: "payloads that wait enter side by side (OP4)",
    file: "lib/consumer/open-body.ts",
    find: "entrance: createSlots(1, gate)",
    replace: "entrance: createSlots(READS_MAX * 100, gate)",
    caughtBy: [ROOM],
  },
  {
    name: "a payload kept beyond the end of its message (OP4)",
    file: "lib/consumer/process-batch.ts",
    find: "  bodies.close(delivery);",
    replace: "  void bodies;",
    caughtBy: [ROOM],
  },
  {
    name: "a payload of a message that is given back is kept (OP4)",
    file: "lib/consumer/process-batch.ts",
    find: "context.bodies.close(delivery);",
    replace: "",
    caughtBy: [ROOM],
  },
  {
    name: "a lane that waits for room with what it holds (LN5)",
    file: "lib/consumer/lane.ts",
    find: "run.members.length > 0 && isEncoded(placed.delivery) && bodies.areFull()",
    replace: "run.members.length < 0 && bodies.areFull()",
    caughtBy: [ROOM],
  },
  {
    name: "a dead letter too large for SQS sent as it is (F9)",
    file: "lib/consumer/rejection.ts",
    find: "if (fits(letter)) return deadLetter(letter, failure);",
    replace: "if (fits(letter) || letter) return deadLetter(letter, failure);",
    caughtBy: [LETTERS],
  },
  {
    name: "a dead letter cut while S3 does not take it (FL1)",
    file: "lib/consumer/fit-letter.ts",
    find: "await inTime((stop) => objects.put(upload, upload.bytes, stop), signal, limits);",
    replace: `try {
      await inTime((stop) => objects.put(upload, upload.bytes, stop), signal, limits);
    } catch {
      return cut(letter.body, attributes);
    }`,
    caughtBy: [LETTERS],
  },
  {
    name: "half a character at the end of what is cut (FL2)",
    file: "lib/consumer/fit-letter.ts",
    find: "decode(bytes, { stream: true })",
    replace: "decode(bytes)",
    caughtBy: [LETTERS],
  },
  {
    name: "what is cut does not say so (FL2)",
    file: "lib/consumer/fit-letter.ts",
    find: `[ENCODING_ATTRIBUTE]: encodingAttribute("cut")`,
    replace: "",
    caughtBy: [LETTERS],
  },
  {
    name: "a transaction billed as a plain write (BC2)",
    file: "lib/model/body-costs.ts",
    find: "2 * insertWriteUnits; // BC2",
    replace: "insertWriteUnits;",
    caughtBy: ["model/body-costs.test.ts"],
  },
  {
    name: "64 KB billed by message, not by request (BC1)",
    file: "lib/model/body-costs.ts",
    find: "Math.ceil((together * queueBytes) / BILLED_BYTES)",
    replace: "together * Math.ceil(queueBytes / BILLED_BYTES)",
    caughtBy: ["model/body-costs.test.ts"],
  },
  {
    name: "a context that forgets (ET2)",
    file: "lib/model/entropy.ts",
    find: "((context << 8) | byte) & mask",
    replace: "byte & mask",
    caughtBy: ["model/entropy.test.ts"],
  },
];
