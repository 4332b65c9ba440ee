/**
 * Text that can change nothing on a terminal but what stands on it: control characters other than line breaks and tabs, and
 * those that reorder text, become visible.
 */
export const visible = (text: string): string =>
  text.replaceAll(/[^\P{C}\n\t]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
