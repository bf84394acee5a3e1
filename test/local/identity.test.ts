import { describe, expect, test } from "vitest";
import { identityOf } from "../../lib/local/identity.ts";
import { physicalFifoName, physicalName } from "../../lib/local/physical-names.ts";

describe("identity", () => {
  const env = { AWS_ACCESS_KEY_ID: "mine", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-west-2", HOME: "/me" };

  test("embedded engines get dummies, whatever the caller has", () => {
    const { region, credentials, environment } = identityOf(true, env);
    expect([region, credentials?.accessKeyId]).toEqual(["us-east-1", "local"]);
    expect(environment).toEqual({ AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" });
  });

  test("engines from outside get the caller's keys and region", () => {
    const { region, credentials, environment } = identityOf(false, { ...env, AWS_SESSION_TOKEN: "token" });
    expect([region, credentials]).toEqual([
      "eu-west-2",
      { accessKeyId: "mine", secretAccessKey: "secret", sessionToken: "token" },
    ]);
    expect(environment).toEqual({
      AWS_ACCESS_KEY_ID: "mine",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "token",
    });
  });

  test("a profile is left to the SDK", () => {
    const { credentials, environment } = identityOf(false, { AWS_PROFILE: "work", HOME: "/me", OTHER: "x" });
    expect(credentials).toBeUndefined();
    expect(environment).toEqual({ AWS_PROFILE: "work", HOME: "/me" });
  });

  test("without any, dummies: LocalStack takes them", () => {
    expect(identityOf(false, { HOME: "/me" })).toMatchObject({
      region: "us-east-1",
      credentials: { accessKeyId: "local" },
    });
  });
});

describe("physical names", () => {
  test("are the stack's and the resource's", () => {
    expect(physicalName("Shop", "Queue1234", 80)).toBe("Shop-Queue1234");
    expect(physicalFifoName("Shop", "Queue1234", 80)).toBe("Shop-Queue1234.fifo");
  });

  test("that are too long are cut and stay apart", () => {
    const names = ["a", "b"].map((last) => physicalName("S".repeat(60), `Function${last}`, 64));
    expect(names.map(({ length }) => length)).toEqual([64, 64]);
    expect(names[0]).not.toBe(names[1]);
    expect(physicalFifoName("S".repeat(80), "Queue", 80)).toMatch(/^.{75}\.fifo$/);
  });
});
