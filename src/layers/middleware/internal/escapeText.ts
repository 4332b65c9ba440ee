/**
 * Text as one printable line: control characters and those that only change how others look become `\uXXXX`, so that nobody
 * can write a log line, or an escape sequence for a terminal, by sending it as a message.
 */
export const escapeText = (text: string): string =>
  text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`
    ).join(""))
