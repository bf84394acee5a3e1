// What the tests on AWS may talk to, as the environment says.
//
//   GV1. AWS is not called unless SEMEL_TEST_AWS is 1: credentials that happen to be there are no permission.
//   GV2. What is local stays local: an endpoint of AWS is refused, and so are redirected clients under SEMEL_TEST_AWS.

export type Service = "DynamoDB" | "SQS";

export type Given =
  /** The real service, by the SDK's own credentials. */
  | { readonly kind: "aws"; readonly region: string }
  | { readonly kind: "endpoint"; readonly region: string; readonly endpoint: string }
  | { readonly kind: "nothing"; readonly reason: string };

type Environment = Readonly<Record<string, string | undefined>>;

export const ENDPOINT_VARIABLE: Readonly<Record<Service, string>> = {
  DynamoDB: "SEMEL_TEST_DYNAMODB_ENDPOINT",
  SQS: "SEMEL_TEST_SQS_ENDPOINT",
};
const LOCAL_REGION = "us-east-1";

/** Throws an Error where what is given contradicts itself. */
export function givenFor(service: Service, environment: Environment = process.env): Given {
  const variable = ENDPOINT_VARIABLE[service];
  const endpoint = environment[variable] || undefined;
  const aws = environment["SEMEL_TEST_AWS"] || undefined;
  if (aws !== undefined && aws !== "1") {
    throw new Error(`SEMEL_TEST_AWS is "${aws}"; 1 runs the tests in the account of your credentials, unset it else`);
  }
  if (aws === "1") return onAws(environment);
  if (endpoint === undefined) {
    return { kind: "nothing", reason: `neither SEMEL_TEST_AWS=1 nor ${variable} is set` };
  }
  if (!URL.canParse(endpoint)) throw new Error(`${variable} is "${endpoint}", which is no URL`);
  if (/(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)) {
    throw new Error(`${variable} is ${endpoint}, which is AWS; set SEMEL_TEST_AWS=1 in its place`); // GV2
  }
  return { kind: "endpoint", region: environment["AWS_REGION"] || LOCAL_REGION, endpoint };
}

function onAws(environment: Environment): Given {
  const redirects = Object.keys(environment).filter(
    (name) => (/^AWS_ENDPOINT_URL/.test(name) || Object.values(ENDPOINT_VARIABLE).includes(name)) && environment[name],
  );
  if (redirects.length > 0) {
    throw new Error(`SEMEL_TEST_AWS=1 means AWS itself, but ${redirects.join(" and ")} is set; unset one of them`); // GV2
  }
  const region = environment["AWS_REGION"];
  if (!region) throw new Error("SEMEL_TEST_AWS=1 needs AWS_REGION: the region to create tables and queues in");
  return { kind: "aws", region };
}

/** Why what needs this service is skipped; undefined where it runs. */
export function missing(service: Service): string | undefined {
  const given = givenFor(service);
  return given.kind === "nothing" ? given.reason : undefined;
}

/** For people. */
export function describeGiven(given: Given): string {
  switch (given.kind) {
    case "aws":
      return `AWS in ${given.region}`;
    case "endpoint":
      return given.endpoint;
    case "nothing":
      return given.reason;
  }
}
