// What the relay needs of SQS's client, by name: a bundler keeps the whole client of an `import()` of the package itself.

export { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
