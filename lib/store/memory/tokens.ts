// Cuts a DynamoDB expression into tokens.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html

export interface Token {
  /** "end" is one token past the last. */
  readonly kind: "word" | "name" | "value" | "index" | "symbol" | "end";
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<name>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<index>\d+)|(?<symbol><=|>=|<>|[=<>()[\],.+-]))/y;

/** A process has few expressions, and a simulation sends them a million times. */
const REMEMBERED_MAX = 1_000;
const remembered = new Map<string, readonly Token[]>();

/** Throws the text that is no token, as a syntax error's token. */
export function tokenize(expression: string, fail: (token: string, near: string) => Error): readonly Token[] {
  const known = remembered.get(expression);
  if (known !== undefined) return known;
  const tokens = cut(expression, fail);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(expression, tokens);
  return tokens;
}

function cut(expression: string, fail: (token: string, near: string) => Error): readonly Token[] {
  const tokens: Token[] = [];
  const text = expression.trimEnd();
  let position = 0;
  while (position < text.length) {
    TOKEN.lastIndex = position;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) {
      const rest = text.slice(position).trimStart();
      throw fail(rest.slice(0, 1), `${tokens.at(-1)?.text ?? ""} ${rest.slice(0, 10)}`.trim());
    }
    position = TOKEN.lastIndex;
    for (const kind of ["word", "name", "value", "index", "symbol"] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found });
    }
  }
  tokens.push({ kind: "end", text: "<EOF>" });
  return tokens;
}
