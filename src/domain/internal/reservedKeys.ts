/**
 * Keys that reach an object's prototype instead of its data.
 */
export const reservedKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"])
