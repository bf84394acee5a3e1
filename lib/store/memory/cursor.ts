// A place in the tokens of one expression: look, take, match parentheses.

import type { Token } from "./tokens.ts";

export interface Cursor {
  peek(ahead?: number): Token;
  take(): Token;
  /** Is the next token this symbol or (in any case) this word? */
  at(text: string): boolean;
  /** Takes the next token if it is this one. */
  accept(text: string): boolean;
  /** Takes this token or fails. */
  expect(text: string): void;
  end(): void;
  /** Is the group that the next token opens closed right before another closing parenthesis, as in `((a))`? */
  redundantGroup(): boolean;
  /** The token after the parenthesis that closes the one that comes next. */
  afterGroup(): Token;
  syntaxError(): Error;
}

const END: Token = { kind: "end", text: "<EOF>" };

export function cursorOf(tokens: readonly Token[], fail: (message: string) => Error): Cursor {
  let position = 0;
  const peek = (ahead = 0): Token => tokens[position + ahead] ?? END;
  const syntaxError = (): Error => {
    const near = tokens.slice(Math.max(position - 1, 0), position + 2).filter((token) => token.kind !== "end");
    return fail(`Syntax error; token: "${peek().text}", near: "${near.map((token) => token.text).join(" ")}"`);
  };
  const take = (): Token => {
    const token = peek();
    position++;
    return token;
  };
  const at = (text: string): boolean => {
    const token = peek();
    return token.kind === "symbol" ? token.text === text : token.kind === "word" && token.text.toUpperCase() === text;
  };
  const accept = (text: string): boolean => {
    if (!at(text)) return false;
    position++;
    return true;
  };
  return {
    peek,
    take,
    at,
    accept,
    syntaxError,
    expect(text) {
      if (!accept(text)) throw syntaxError();
    },
    end() {
      if (peek().kind !== "end") throw syntaxError();
    },
    redundantGroup() {
      return opens(peek(1)) && closing(tokens, position + 1) === closing(tokens, position) - 1;
    },
    afterGroup: () => tokens[closing(tokens, position) + 1] ?? END,
  };
}

function opens(token: Token): boolean {
  return token.kind === "symbol" && token.text === "(";
}

/** Where the group that opens at this index closes; past the end if it doesn't. */
function closing(tokens: readonly Token[], opening: number): number {
  let depth = 0;
  for (let index = opening; index < tokens.length; index++) {
    const token = tokens[index] ?? END;
    if (opens(token)) depth++;
    if (token.kind === "symbol" && token.text === ")" && --depth === 0) return index;
  }
  return tokens.length;
}
