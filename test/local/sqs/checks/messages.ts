import { createHash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";
import { bodies } from "../scene.ts";

const ATTRIBUTES: Record<string, MessageAttributeValue> = {
  text: { DataType: "String", StringValue: "häß" },
  "number.int": { DataType: "Number.int", StringValue: "-12.5" },
  "number.other": { DataType: "Number", StringValue: "1" },
  bytes: { DataType: "Binary", BinaryValue: Uint8Array.from([0, 255, 7]) },
};

/** As AWS documents it, written a second time, so that the engine's own is not its judge. */
function md5(attributes: Record<string, MessageAttributeValue>): string {
  const parts: Buffer[] = [];
  const add = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, Buffer.from(bytes));
  };
  for (const [name, value] of Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(Buffer.from(name));
    add(Buffer.from(value.DataType ?? ""));
    parts.push(Buffer.from([value.BinaryValue ? 2 : 1]));
    add(value.BinaryValue ?? Buffer.from(value.StringValue ?? ""));
  }
  return createHash("md5").update(Buffer.concat(parts)).digest("hex");
}

export const messageChecks: Checks = {
  async "a message comes as it was sent, with its MD5s"({ queue, send, receive }) {
    const url = await queue();
    const body = '{"text":"\u00e4 \u20ac \\" \n"}';
    const sent = await send(url, body, { MessageAttributes: ATTRIBUTES });
    expect(sent.MD5OfMessageBody).toBe(createHash("md5").update(body).digest("hex"));
    expect(sent.MD5OfMessageAttributes).toBe(md5(ATTRIBUTES));
    const [message] = await receive(url);
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: body,
      MD5OfBody: sent.MD5OfMessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes: {
        text: { StringValue: "häß" },
        "number.int": { DataType: "Number.int", StringValue: "-12.5" },
      },
    });
    expect([...(message?.MessageAttributes?.["bytes"]?.BinaryValue ?? [])]).toEqual([0, 255, 7]);
  },

  async "system attributes are given as asked for"({ queue, send, receive }) {
    const url = await queue({ VisibilityTimeout: "0" });
    await send(url, "a");
    const [all] = await receive(url);
    expect(all?.Attributes).toEqual({
      SenderId: expect.any(String),
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
      ApproximateReceiveCount: "1",
      ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
    });
    const [one] = await receive(url, { MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
    expect(one?.Attributes).toEqual({ ApproximateReceiveCount: "2" });
    const [old] = await receive(url, { MessageSystemAttributeNames: [], AttributeNames: ["All"] });
    expect(old?.Attributes).toMatchObject({ ApproximateReceiveCount: "3" });
    expect(old?.Attributes?.ApproximateFirstReceiveTimestamp).toBe(all?.Attributes?.ApproximateFirstReceiveTimestamp);
    const [none] = await receive(url, { MessageSystemAttributeNames: [] });
    expect(none?.Attributes).toBeUndefined();
  },

  async "message attributes are given as asked for, by name or prefix, and their MD5 is of those given"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue({ VisibilityTimeout: "0" });
    await send(url, "a", { MessageAttributes: ATTRIBUTES });
    const given = async (names: string[]) => {
      const [message] = await receive(url, { MessageAttributeNames: names });
      const attributes = message?.MessageAttributes ?? {};
      const expected = Object.keys(attributes).length === 0 ? undefined : md5(attributes);
      expect(message?.MD5OfMessageAttributes).toBe(expected);
      return Object.keys(attributes).sort();
    };
    const all = Object.keys(ATTRIBUTES).sort();
    expect(await given([])).toEqual([]);
    expect(await given(["nothing"])).toEqual([]);
    expect(await given(["All"])).toEqual(all);
    expect(await given([".*"])).toEqual(all);
    expect(await given(["text", "nothing"])).toEqual(["text"]);
    expect(await given(["number.*"])).toEqual(["number.int", "number.other"]);
  },

  async "a trace header goes with the message, and counts not for its size"({ queue, send, receive }) {
    const url = await queue({ MaximumMessageSize: "1024" });
    const AWSTraceHeader = { DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793" };
    const sent = await send(url, "x".repeat(1024), { MessageSystemAttributes: { AWSTraceHeader } });
    expect(sent.MD5OfMessageSystemAttributes).toBe(md5({ AWSTraceHeader }));
    const [message] = await receive(url);
    expect(message?.Attributes).toMatchObject({ AWSTraceHeader: AWSTraceHeader.StringValue });
  },

  async "a group on a standard queue marks a tenant and holds nothing back"({ queue, send, receive }) {
    const url = await queue();
    for (const body of ["a", "b"]) await send(url, body, { MessageGroupId: "tenant" });
    const [first] = await receive(url, { MaxNumberOfMessages: 1 });
    expect(first?.Attributes?.MessageGroupId).toBe("tenant");
    expect(await receive(url)).toHaveLength(1);
  },

  async "a deduplication id is refused on a standard queue"({ queue, send, codeOf }) {
    const url = await queue();
    expect(await codeOf(send(url, "a", { MessageDeduplicationId: "d" }))).toBe("InvalidParameterValue");
  },

  async "a message of 1 MiB passes, one byte more does not; attributes count"({ queue, send, codeOf }) {
    const url = await queue();
    const size = 1024 * 1024;
    await send(url, "x".repeat(size));
    expect(await codeOf(send(url, "x".repeat(size + 1)))).toBe("InvalidParameterValue");
    const MessageAttributes = { name: { DataType: "String", StringValue: "value" } }; // 4 + 6 + 5 bytes
    await send(url, "x".repeat(size - 15), { MessageAttributes });
    expect(await codeOf(send(url, "x".repeat(size - 14), { MessageAttributes }))).toBe("InvalidParameterValue");
  },

  async "a queue's own size limit counts bytes, not characters"({ queue, send, codeOf }) {
    const url = await queue({ MaximumMessageSize: "1024" });
    await send(url, "ä".repeat(512));
    expect(await codeOf(send(url, "ä".repeat(513)))).toBe("InvalidParameterValue");
  },

  async "characters outside of SQS's set are refused"({ queue, send, codeOf }) {
    const url = await queue();
    await send(url, "tab \t, lines \r\n, \u{1f600}");
    expect(await codeOf(send(url, "bell \u0007"))).toBe("InvalidMessageContents");
    expect(await codeOf(send(url, "\uffff"))).toBe("InvalidMessageContents");
  },

  async "an empty body is refused"({ queue, send, codeOf }) {
    expect(await codeOf(send(await queue(), ""))).toBe("MissingParameter");
  },

  async "10 message attributes pass, 11 do not"({ queue, send, codeOf }) {
    const url = await queue();
    const some = (count: number) => ({
      MessageAttributes: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`a${i}`, { DataType: "String", StringValue: "v" }]),
      ),
    });
    await send(url, "a", some(10));
    expect(await codeOf(send(url, "a", some(11)))).toBe("InvalidParameterValue");
  },

  async "message attributes that are not well-formed are refused"({ queue, send, codeOf }) {
    const url = await queue();
    const code = (name: string, value: MessageAttributeValue) =>
      codeOf(send(url, "a", { MessageAttributes: { [name]: value } }));
    const text = { DataType: "String", StringValue: "v" };
    for (const name of [".a", "a.", "a..b", "a b", "AWS.x", "amazon.x"]) {
      expect(await code(name, text), name).toBe("InvalidParameterValue");
    }
    expect(await code("a", { DataType: "Text", StringValue: "v" })).toBe("InvalidParameterValue");
    expect(await code("a", { DataType: "Number", StringValue: "v" })).toBe("InvalidParameterValue");
    expect(await code("a", { DataType: "String", StringValue: "" })).toBe("InvalidParameterValue");
  },

  async "lists as attribute values are not supported"({ queue, send, codeOf }) {
    const list = { DataType: "String", StringListValues: ["a"] };
    const call = send(await queue(), "a", { MessageAttributes: { list } });
    expect(await codeOf(call)).toBe("UnsupportedOperation");
  },

  async "parameters out of their range are refused"({ queue, send, receive, codeOf }) {
    const url = await queue();
    expect(await codeOf(receive(url, { MaxNumberOfMessages: 0 }))).toBe("InvalidParameterValue");
    expect(await codeOf(receive(url, { MaxNumberOfMessages: 11 }))).toBe("InvalidParameterValue");
    expect(await codeOf(receive(url, { WaitTimeSeconds: 21 }))).toBe("InvalidParameterValue");
    expect(await codeOf(receive(url, { VisibilityTimeout: 43_201 }))).toBe("InvalidParameterValue");
    expect(await codeOf(send(url, "a", { DelaySeconds: 901 }))).toBe("InvalidParameterValue");
  },

  async "a receive gives one message unless it asks for more, and no list when there is none"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue();
    for (const body of ["a", "b", "c"]) await send(url, body);
    expect(await receive(url, { MaxNumberOfMessages: undefined })).toHaveLength(1);
    expect(await receive(url)).toHaveLength(2);
    expect(bodies(await receive(url))).toEqual([]);
  },
};
