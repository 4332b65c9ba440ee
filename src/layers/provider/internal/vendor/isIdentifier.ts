const identifier = /^[\w.[\]-]{1,80}$/

/**
 * A short word such as vendors use for codes, models and ids, which can be kept and shown: no prose, and no part of a prompt.
 */
export const isIdentifier = (value: unknown): value is string => typeof value === "string" && identifier.test(value)
