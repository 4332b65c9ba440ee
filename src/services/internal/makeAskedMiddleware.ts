import type { TurnId } from "../../domain/TurnId.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"

/**
 * Who was asked at the admission of the turns that are not ended, and is owed the end of them. A turn is kept from its
 * admission to its end, which is told exactly once of each.
 */
export const makeAskedMiddleware = () => {
  const asked = new Map<TurnId, Set<Middleware>>()
  return {
    add: ({ turnId }: MiddlewareContext, more: ReadonlyArray<Middleware>): void => {
      if (turnId === undefined || more.length === 0) return
      const known = asked.get(turnId) ?? new Set()
      for (const middleware of more) known.add(middleware)
      asked.set(turnId, known)
    },
    /** Undefined when nobody was asked for this turn here. */
    take: ({ turnId }: MiddlewareContext): ReadonlyArray<Middleware> | undefined => {
      const known = turnId && asked.get(turnId)
      if (turnId === undefined || known === undefined) return undefined
      asked.delete(turnId)
      return [...known]
    }
  }
}
