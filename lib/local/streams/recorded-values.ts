// What readers of recorded events have in common: how a value is shown in an error, and what is base64. Pure.
import type { Refuse } from "./replay.ts";

const CHARS_SHOWN = 80;
/** Bits that no byte takes may be set: they are in an event on Lambda's own page. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= CHARS_SHOWN ? text : `${text.slice(0, CHARS_SHOWN)}…`;
}

/** A member that has to be base64, as Lambda gives it. */
export function base64At(value: unknown, member: string, refuse: Refuse): string {
  if (typeof value !== "string") return refuse(`has the ${member} ${shown(value)}; it must be a text, in base64`);
  if (value.length % 4 === 0 && BASE64.test(value)) return value;
  return refuse(
    `has the ${member} ${shown(value)}, which is no base64; encode it: Buffer.from(JSON.stringify(body)).toString("base64")`,
  );
}
