// Limits of SNS's API, as far as semel uses them. Facts, no logic.

/** Body and attributes of a message, bytes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const TOPIC_MESSAGE_BYTES_MAX: number = 256 * 1024;
/** Characters of a subject: printable ASCII that begins with a letter, digit or punctuation, no line breaks. Same page. */
export const SUBJECT_CHARACTERS_MAX = 99;
/** Messages of one PublishBatch. https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
export const TOPIC_BATCH_MESSAGES_MAX = 10;
