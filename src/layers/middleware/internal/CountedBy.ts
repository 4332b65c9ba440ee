import type { MiddlewareContext } from "../../../services/Middleware.js"

/**
 * Whose messages count together: a user's, a session's, or all for which a function answers the same. Who a tenant is, the
 * runtime does not know; the embedding application does, by the user or by what it put into the session's `customSettings`.
 */
export type CountedBy = "user" | "session" | ((context: MiddlewareContext) => string)

export const keyOf = (by: CountedBy, context: MiddlewareContext): string =>
  by === "user" ? context.session.userId : by === "session" ? context.session.id : by(context)

/** For whom it reads. */
export const ownerOf = (by: CountedBy): string =>
  by === "user" ? "a user" : by === "session" ? "a session" : "this group"
