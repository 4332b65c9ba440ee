import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Statements } from "./prepareStatements.js"

/**
 * The number that stands for a set of tags.
 */
export const internTags = (on: Statements, tags: ReadonlyArray<string>): number => {
  const sorted = Arr.sort(tags, Order.string)
  const name = JSON.stringify(sorted)
  const known = on.tagSet.get(name)
  if (known) return known.key
  const key = Number(on.addTagSet.run(name).lastInsertRowid)
  for (const tag of sorted) on.addTagOfSet.run(key, tag)
  return key
}
