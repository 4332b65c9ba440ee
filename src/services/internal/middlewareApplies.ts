import type { Middleware, MiddlewareContext } from "../Middleware.js"
import { deepFreeze } from "./deepFreeze.js"

/**
 * Whether a middleware is for a session. Throws what its predicate throws.
 */
export const middlewareApplies = ({ when }: Middleware, context: MiddlewareContext): boolean => {
  if (when === undefined) return true
  if (typeof when === "function") return when(deepFreeze(context))
  const { model, predicate, provider, tags, userType } = when
  const { config, model: ownModel, provider: ownProvider } = context.session
  return matches(userType, [context.context.user["type"]]) &&
    matches(provider, [ownProvider]) &&
    matches(model, [ownModel]) &&
    matches(tags, config.tags ?? []) &&
    (predicate === undefined || predicate(deepFreeze(context)))
}

const matches = (wanted: string | ReadonlyArray<string> | undefined, own: ReadonlyArray<unknown>): boolean => {
  if (wanted === undefined) return true
  return (typeof wanted === "string" ? [wanted] : wanted).some((one) => own.includes(one))
}
