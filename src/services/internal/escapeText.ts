/**
 * A text as one printable line. Control, format and other invisible characters become `\uXXXX`, so that a text cannot forge a
 * log line or send escape sequences to a terminal.
 */
export const escapeText = (text: string): string => escapeCharacters(text, /[\p{C}\p{Zl}\p{Zp}]/gu)

/**
 * A text in which the characters that match are `\uXXXX`, as in JSON.
 */
export const escapeCharacters = (text: string, pattern: RegExp): string =>
  text.replaceAll(pattern, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`
    ).join(""))

/**
 * The same for a text that a client chose: at most `maxLength` characters, and then `...`.
 */
export const escapeShort = (text: string, maxLength = 128): string =>
  text.length > maxLength ? `${escapeText(text.slice(0, maxLength))}...` : escapeText(text)
