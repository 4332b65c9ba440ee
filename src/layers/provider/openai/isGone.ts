import { vendorFailureOf } from "../internal/vendor/vendorFailureOf.js"

const ofModel = "model_not_found"

/**
 * Whether an SDK threw this because the vendor's copy of a conversation is no longer there. An unknown conversation is HTTP 404,
 * an unknown `previous_response_id` is 400 with a code that says so, and an unknown model is 404 too.
 */
export const isGone = (thrown: unknown): boolean => {
  const { code = "", param, status } = vendorFailureOf(thrown)
  if (code === ofModel || param === "model") return false
  return status === 404 || (status === 400 && code.endsWith("_not_found"))
}
