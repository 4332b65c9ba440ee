import * as BigDecimal from "effect/BigDecimal"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import { countText } from "./countText.js"

/**
 * What something has cost, in words: never a sum that passes for the whole.
 */
export const costText = (
  { costNanoUsd, unpricedCalls }: Pick<SessionMetrics, "costNanoUsd" | "unpricedCalls">
): string => {
  const known = `$${BigDecimal.format(BigDecimal.normalize(BigDecimal.make(BigInt(costNanoUsd), 9)))}`
  if (unpricedCalls === 0) return known
  const calls = countText(unpricedCalls, "call")
  return costNanoUsd === 0 ? `unknown, for ${calls}` : `${known}, and ${calls} of unknown price`
}
