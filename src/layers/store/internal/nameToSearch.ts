/**
 * What search looks at of a session itself, if there is anything.
 */
export const nameToSearch = (name?: string | null, description?: string | null): string =>
  [name, description].filter((text) => text !== undefined && text !== null).join("\n")
