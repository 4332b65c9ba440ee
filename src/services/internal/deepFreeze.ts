import { Message } from "../../domain/Message.js"

/**
 * Freezes plain data in place, at all levels, before it goes to code of the application. A value that is already frozen is
 * assumed to be frozen throughout, so freezing it again costs next to nothing. Effect's own values stay unfrozen, since they
 * cache in themselves.
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
