// Prices as data: of one Region, with their source and date. Others are given by whoever has them.

export interface Prices {
  readonly region: string;
  /** Month in which they were looked up. */
  readonly asOf: string;
  /** US dollars a million requests; each 64 KB of payload is one. https://aws.amazon.com/sqs/pricing/ */
  readonly sqsStandardUsdPerMillion: number;
  readonly sqsFifoUsdPerMillion: number;
  /** US dollars a million write request units, on demand. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  readonly writeUnitUsdPerMillion: number;
}

/** Without the free tier and the discounts above 100 billion requests a month. */
export const PRICES_US_EAST_1: Prices = {
  region: "us-east-1",
  asOf: "2026-06",
  sqsStandardUsdPerMillion: 0.4,
  sqsFifoUsdPerMillion: 0.5,
  writeUnitUsdPerMillion: 0.625,
};
