// Shapes of S3's API, as far as semel uses them. Structural, so that the SDK's fit. Facts, no logic.

/** What semel needs of an S3 client: `S3Client` fits. */
export interface S3Client {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export interface GetObjectOutput {
  ContentLength?: number | undefined;
  Body?: { transformToByteArray(): Promise<Uint8Array>; destroy?(): void } | undefined;
}

/** Names of general purpose buckets. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const BUCKET_NAME: RegExp = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** An object's key, bytes of UTF-8. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const OBJECT_KEY_BYTES_MAX = 1_024;
