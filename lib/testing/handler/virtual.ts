// Time and chance of the process, inside a sandbox: they are the sandbox's, and move by the schedule only. Outside of a sandbox
// they are what they were, and after the exploration everywhere.
//
//   VT1. Inside a sandbox nothing of the clock, the timers or the random numbers of the process is seen.
//   VT2. What was put in place is taken away again, in the order backwards.

import { AsyncResource } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";
import { current, type Process } from "./current.ts";

type AnyFunction = (...args: never[]) => unknown;
type Owner = Record<PropertyKey, unknown>;

/** Puts a property in the place of another; gives what takes it away. */
export function replaceProperty(owner: object, name: PropertyKey, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  if (before?.configurable === false && !before.writable) return () => {}; // nobody can
  if (before?.configurable === false) {
    (owner as Owner)[name] = value;
    return () => void Object.assign(owner, { [name]: before.value as unknown });
  }
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? true,
    value,
  });
  return () => {
    if (before) Object.defineProperty(owner, name, before);
    else delete (owner as Owner)[name];
  };
}

/** Where a sandbox is at work, `inside` is called; else what was there before. */
function replaceFunction(
  owner: object,
  name: string,
  inside: (process: Process, args: never[]) => unknown,
): () => void {
  const original = (owner as Owner)[name] as AnyFunction;
  const replaced = function (this: unknown, ...args: never[]): unknown {
    const process = current.getStore();
    return process ? inside(process, args) : original.apply(this, args);
  };
  return replaceProperty(owner, name, Object.assign(replaced, original));
}

/** VT1, VT2: gives what ends it. */
export function installVirtualTime(): () => void {
  const undo = [...timerFunctions(), ...clocks(), ...chance(), ...consoles()];
  syncBuiltinESMExports();
  return () => {
    for (const one of undo.reverse()) one();
    syncBuiltinESMExports();
  };
}

type Callback = (...args: unknown[]) => void;

/** What `setTimeout` gives: ends by `clearTimeout`, whichever it is. */
interface Handle {
  cancel(): void;
  hasRef(): boolean;
  ref(): Handle;
  unref(): Handle;
  refresh(): Handle;
  close(): Handle;
  [Symbol.dispose](): void;
}

const handles = new WeakSet<object>();

function handleOf(start: () => () => void): Handle {
  let cancel = start();
  const handle: Handle = {
    cancel: () => cancel(),
    hasRef: () => true,
    ref: () => handle,
    unref: () => handle,
    refresh() {
      cancel();
      cancel = start();
      return handle;
    },
    close() {
      cancel();
      return handle;
    },
    [Symbol.dispose]: () => cancel(),
  };
  handles.add(handle);
  return handle;
}

function timeout({ sandbox }: Process, callback: Callback, delayMs: unknown, args: unknown[]): Handle {
  const bound = AsyncResource.bind(() => callback(...args));
  return handleOf(() => sandbox.after(delayOf(delayMs), bound));
}

function interval({ sandbox }: Process, callback: Callback, delayMs: unknown, args: unknown[]): Handle {
  const bound = AsyncResource.bind(() => callback(...args));
  return handleOf(() => {
    let cancel = (): void => {};
    const arm = (): void => {
      cancel = sandbox.after(Math.max(1, delayOf(delayMs)), () => {
        arm();
        bound();
      });
    };
    arm();
    return () => cancel();
  });
}

function delayOf(delayMs: unknown): number {
  const number = Number(delayMs);
  return number >= 1 ? number : 1; // as Node has it
}

function sleep(process: Process, delayMs: unknown, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const handle = timeout(process, () => resolve(), delayMs, []);
    signal?.addEventListener("abort", () => {
      handle.cancel();
      reject(signal.reason);
    });
  });
}

function timerFunctions(): (() => void)[] {
  const undo: (() => void)[] = [];
  const start: Record<string, (process: Process, callback: Callback, args: unknown[]) => Handle> = {
    setTimeout: (process, callback, [delayMs, ...args]) => timeout(process, callback, delayMs, args),
    setInterval: (process, callback, [delayMs, ...args]) => interval(process, callback, delayMs, args),
    setImmediate: (process, callback, args) => timeout(process, callback, 0, args),
  };
  for (const owner of [globalThis, timers]) {
    for (const [name, act] of Object.entries(start)) {
      undo.push(
        replaceFunction(owner, name, (process, args) => {
          const [callback, ...rest] = args as unknown[] as [Callback, ...unknown[]];
          return name === "setImmediate" ? immediate(process, callback, rest) : act(process, callback, rest);
        }),
      );
    }
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) undo.push(replaceClear(owner, name));
    const promised = (delayMs: unknown, value: unknown): Promise<unknown> => promisedTimeout(delayMs, value);
    undo.push(replaceProperty((owner as typeof globalThis).setTimeout, promisify.custom, promised));
  }
  undo.push(
    replaceFunction(timersPromises, "setTimeout", async (process, [delayMs, value, options]: unknown[]) => {
      await sleep(process, delayMs, options as { signal?: AbortSignal } | undefined);
      return value;
    }),
    replaceFunction(timersPromises, "setImmediate", async (process, [value]: unknown[]) => {
      await new Promise<void>((resolve) => void immediate(process, () => resolve(), []));
      return value;
    }),
    replaceFunction(timersPromises.scheduler, "wait", (process, [delayMs, options]: unknown[]) =>
      sleep(process, delayMs, options as { signal?: AbortSignal } | undefined),
    ),
    replaceFunction(AbortSignal, "timeout", (process, [delayMs]: unknown[]) => {
      const controller = new AbortController();
      const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
      timeout(process, () => controller.abort(error), delayMs, []);
      return controller.signal;
    }),
  );
  return undo;
}

const realSetTimeout = globalThis.setTimeout;

async function promisedTimeout(delayMs: unknown, value: unknown): Promise<unknown> {
  const process = current.getStore();
  if (process) await sleep(process, delayMs);
  else await new Promise<void>((resolve) => void realSetTimeout(resolve, Number(delayMs)));
  return value;
}

function immediate({ sandbox }: Process, callback: Callback, args: unknown[]): Handle {
  const bound = AsyncResource.bind(() => callback(...args));
  return handleOf(() => sandbox.after(0, bound));
}

/** By what it is given, not by who asks: whoever has a handle of a sandbox may end it. */
function replaceClear(owner: object, name: string): () => void {
  const original = (owner as Owner)[name] as (handle: unknown) => void;
  return replaceProperty(owner, name, (handle: unknown) => {
    if (typeof handle === "object" && handle !== null && handles.has(handle)) (handle as Handle).cancel();
    else original(handle);
  });
}

function clocks(): (() => void)[] {
  const RealDate = Date;
  const now = (): number => current.getStore()?.sandbox.host.nowMs() ?? RealDate.now();
  const VirtualDate = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) =>
      Reflect.construct(target, args.length === 0 && current.getStore() ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
  return [
    replaceProperty(globalThis, "Date", VirtualDate),
    replaceFunction(performance, "now", ({ sandbox }) => sandbox.host.nowMs() - performance.timeOrigin),
  ];
}

const UUID_BYTES = 16;

/** Bytes of the sandbox: those of its next ids. */
function fill(process: Process, into: ArrayBufferView): void {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  for (let from = 0; from < bytes.length; from += UUID_BYTES) {
    const id = Buffer.from(process.sandbox.host.randomId().replaceAll("-", ""), "hex");
    bytes.set(id.subarray(0, bytes.length - from), from);
  }
}

function chance(): (() => void)[] {
  const undo = [replaceFunction(Math, "random", ({ sandbox }) => sandbox.host.random())];
  for (const owner of [globalThis.crypto, crypto]) {
    undo.push(
      replaceFunction(owner, "randomUUID", ({ sandbox }) => sandbox.host.randomId()),
      replaceFunction(owner, "getRandomValues", (process, [into]: unknown[]) => {
        fill(process, into as ArrayBufferView);
        return into;
      }),
    );
  }
  undo.push(
    replaceFunction(crypto, "randomBytes", (process, [size, callback]: unknown[]) => {
      const bytes = Buffer.alloc(Number(size));
      fill(process, bytes);
      if (typeof callback !== "function") return bytes;
      queueMicrotask(() => (callback as Callback)(null, bytes));
      return undefined;
    }),
    replaceFunction(crypto, "randomFillSync", (process, [into]: unknown[]) => {
      fill(process, into as ArrayBufferView);
      return into;
    }),
  );
  return undo;
}

/** Thousands of runs would log the same. */
function consoles(): (() => void)[] {
  const loggers = (["debug", "info", "log", "warn", "error"] as const).map((name) => {
    const original = console[name] as (...args: unknown[]) => void;
    return replaceFunction(console, name, ({ loud }, args) => (loud ? original.apply(console, args) : undefined));
  });
  // Loggers that go by the console.
  const streams = [process.stdout, process.stderr].map((stream) => {
    const original = stream.write as (...args: unknown[]) => boolean;
    return replaceFunction(stream, "write", ({ loud }, args) => (loud ? original.apply(stream, args) : true));
  });
  return [...loggers, ...streams];
}
