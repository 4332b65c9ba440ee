import { Message } from "../../domain/Message.js"

/**
 * Freezes data and all data in it, in place, for values that go to code which is not ours. What is frozen already is taken
 * to be frozen throughout, so that doing it again costs next to nothing. Effect's own values are left alone: they cache
 * in themselves.
 */
export const deepFreeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || !isData(value)) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}

const isData = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || value instanceof Message || prototype === Object.prototype || prototype === null
}
