import { MiddlewareRefusal } from "../services/MiddlewareRefusal.js"

/**
 * Has a middleware refuse what it was given. `reason` is shown to the sender.
 */
export const refuse = (reason: string): never => {
  throw new MiddlewareRefusal({ reason })
}
