// Region and credentials: dummies for the embedded engines, the caller's own for endpoints from outside. Pure.

export interface Identity {
  readonly region: string;
  /** Absent where the SDK's own chain is to find them. */
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** What a worker gets of it. */
  readonly environment: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const REGION = "us-east-1";
const DUMMY = { accessKeyId: "local", secretAccessKey: "local" };

/** Sources of credentials that need more than two variables. HOME holds the profiles. */
const CHAIN_VARIABLES = [
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
const CHAIN_DETAILS = [
  "AWS_CONFIG_FILE",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_SHARED_CREDENTIALS_FILE",
  "HOME",
];

export function identityOf(allEmbedded: boolean, env: Environment): Identity {
  if (allEmbedded) return { region: REGION, credentials: DUMMY, environment: keyVariables(DUMMY) };
  const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? REGION;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const credentials = { accessKeyId, secretAccessKey, ...(token === undefined ? {} : { sessionToken: token }) };
    return { region, credentials, environment: keyVariables(credentials) };
  }
  if (CHAIN_VARIABLES.some((name) => env[name] !== undefined)) {
    return { region, environment: pick(env, [...CHAIN_VARIABLES, ...CHAIN_DETAILS]) };
  }
  // LocalStack and DynamoDB Local take any.
  return { region, credentials: DUMMY, environment: keyVariables(DUMMY) };
}

function keyVariables(credentials: NonNullable<Identity["credentials"]>): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
