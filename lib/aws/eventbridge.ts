// Limits of EventBridge's API, as far as semel uses them. Facts, no logic.

/**
 * Size of an entry, bytes: source, detail type and detail in UTF-8. AWS announced 1 MB in January 2026; the API's reference says
 * 256 KB still, which every bus takes.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
 */
export const EVENT_ENTRY_BYTES_MAX: number = 256 * 1024;
/** Characters of a source; those that begin with aws. are AWS's own. https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EventBridgeParameters.html */
export const EVENT_SOURCE_CHARACTERS_MAX = 256;
/** Characters of a detail type. Same page. */
export const EVENT_DETAIL_TYPE_CHARACTERS_MAX = 128;
/** Entries of one PutEvents. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const EVENT_BATCH_ENTRIES_MAX = 10;
