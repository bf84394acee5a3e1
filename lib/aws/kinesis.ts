// Facts about Kinesis data streams, no logic.

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html */
export const KINESIS_STREAM_NAME_LENGTH_MAX = 128;
/** Of a new stream in on-demand mode. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
export const ON_DEMAND_SHARDS = 4;
