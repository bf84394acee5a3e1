// Whatever an explored handler does that no schedule has a hand in is an error, at the line that did it.
//
//   FI1. Inside a sandbox no socket is opened, no name resolved, no process started, no file touched. The error is thrown where
//        it was tried, and ends the exploration, whatever the handler makes of it.
//   FI2. Modules may be loaded; and in the rehearsal files may be read.

import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { SemelError } from "../../errors.ts";
import { current } from "./current.ts";
import { replaceProperty } from "./virtual.ts";

interface Guarded {
  readonly owner: object;
  readonly names: readonly string[];
  readonly what: string;
  readonly kind: "file" | "other";
}

/** Functions of fs that touch nothing on a disk by themselves. */
const HARMLESS_OF_FS = /^[A-Z_]|^(existsSync|close|write|fsync|fdatasync|constants|promises)/;

function guarded(): Guarded[] {
  const functions = (owner: object): string[] =>
    Object.keys(owner).filter((name) => {
      return !HARMLESS_OF_FS.test(name) && typeof (owner as Record<string, unknown>)[name] === "function";
    });
  const other = (owner: object, names: readonly string[], what: string): Guarded => ({
    owner,
    names,
    what,
    kind: "other",
  });
  return [
    other(globalThis, ["fetch"], "called fetch"),
    other(http, ["request", "get"], "sent an HTTP request"),
    other(https, ["request", "get"], "sent an HTTPS request"),
    other(http2, ["connect"], "opened an HTTP/2 connection"),
    other(net.Socket.prototype, ["connect"], "opened a socket"),
    other(dgram.Socket.prototype, ["bind", "connect", "send"], "used a UDP socket"),
    other(dns, ["lookup", "resolve", "resolve4", "resolve6"], "resolved a name"),
    other(dns.promises, ["lookup", "resolve", "resolve4", "resolve6"], "resolved a name"),
    other(childProcess.ChildProcess.prototype, ["spawn"], "started a process"),
    other(childProcess, ["spawnSync", "execSync", "execFileSync"], "started a process"),
    { owner: fs, names: functions(fs), what: "touched a file", kind: "file" },
    { owner: fs.promises, names: functions(fs.promises), what: "touched a file", kind: "file" },
  ];
}

/** FI1: gives what ends it. */
export function installGuards(): () => void {
  const undo = guarded().flatMap((one) => one.names.map((name) => guardOne(one, name)));
  syncBuiltinESMExports();
  return () => {
    for (const one of undo.reverse()) one();
    syncBuiltinESMExports();
  };
}

function guardOne({ owner, what, kind }: Guarded, name: string): () => void {
  const original = (owner as Record<string, unknown>)[name] as (...args: unknown[]) => unknown;
  if (typeof original !== "function") return () => {};
  const guardedFunction = function (this: unknown, ...args: unknown[]): unknown {
    const process = current.getStore();
    if (!process || (kind === "file" && process.rehearsal)) return original.apply(this, args);
    const stack = stackHere();
    if (LOADERS.test(stack)) return original.apply(this, args); // FI2
    const error = foreign(`${what} (${name}${describeArguments(args)})`, stack);
    process.stop(error);
    throw error;
  };
  return replaceProperty(owner, name, Object.assign(guardedFunction, original));
}

/** Frames of those who load modules, Node and Vitest. */
const LOADERS =
  /node:internal\/modules\/|module-runner|[\\/]node_modules[\\/](?:vitest|vite|vite-node|tsx|jest-runtime)[\\/]/;
const STACK_FRAMES = 50;

function stackHere(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES;
  try {
    return new Error("here").stack ?? "";
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const OWN_FRAMES = /node:|[\\/]lib[\\/]testing[\\/](?:handler|explorer)[\\/]/;

function foreign(what: string, stack: string): SemelError {
  const frames = stack.split("\n").filter((line) => /^\s+at .*[\\/]/.test(line) && !OWN_FRAMES.test(line));
  const [first, ...others] = frames.map((line) => line.trim());
  const ofUser = first?.includes("node_modules") ? others.find((line) => !line.includes("node_modules")) : undefined;
  const where = [first, ofUser].filter((line) => line !== undefined);
  return new SemelError(
    `Cannot explore: the handler ${what}, and no schedule has a hand in that: ${where.join(" … ") || "(no stack)"}. Give the ` +
      "SDK client as clients: [client] (one that is not given reads its configuration and opens a socket), make the call by a " +
      "stub of semel/testing, or take it out of the handler",
    { code: "SEMEL_FOREIGN_IO", retryable: false },
  );
}

function describeArguments([first]: unknown[]): string {
  if (typeof first === "string" || first instanceof URL) return ` ${String(first)}`;
  const { host, hostname, port, path, file } = (typeof first === "object" && first !== null ? first : {}) as Record<
    string,
    unknown
  >;
  const place = [hostname ?? host, port].filter((part) => part !== undefined && part !== null).join(":");
  const text = place === "" ? (path ?? file) : place;
  return text === undefined ? "" : ` ${String(text)}`;
}
