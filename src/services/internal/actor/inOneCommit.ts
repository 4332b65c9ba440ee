import type { Transition } from "./Transition.js"

/**
 * Two steps of one turn at once: what the second says of the turn is what counts, and both are told of.
 */
export const inOneCommit = (first: Transition, { changes, next }: Transition): Transition => ({
  changes: { ...first.changes, ...changes, events: [...first.changes.events ?? [], ...changes.events ?? []] },
  next
})
