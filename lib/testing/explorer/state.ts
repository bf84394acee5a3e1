// The text of a state, in which sandboxes have no names: states that differ only in which sandbox is which are one. Pure.
//
//   SN1. Names are replaced one to one, in the order in which they occur. Random ids are only ever compared for equality, so
//        what follows is the same under other names.

const MARK = "sandbox-";
/** A sandbox's number where it stands for the sandbox, or in a random id. */
const NAMES = /sandbox-(\d+)|00000000-0000-4000-8(\d{3})-/g;

/** A sandbox in the text of a state. */
export function mark(sandbox: number): string {
  return `${MARK}${sandbox}`;
}

export function canonical(parts: readonly string[]): string {
  const names = new Map<number, number>();
  return parts.join("\n").replace(NAMES, (_, own: string | undefined, made: string | undefined) => {
    const number = Number(own ?? made);
    const name = names.get(number) ?? names.size + 1;
    names.set(number, name);
    return `#${name}-`;
  });
}
