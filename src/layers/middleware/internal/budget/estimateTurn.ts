import * as Effect from "effect/Effect"
import type { Message } from "../../../../domain/Message.js"
import type { Part } from "../../../../domain/Part.js"
import type { SessionInfo } from "../../../../domain/SessionInfo.js"
import type { TokenUsage } from "../../../../domain/TokenUsage.js"
import { estimateTokens } from "../../../../services/internal/provider/estimateTokens.js"
import type { SessionStore } from "../../../../services/SessionStore.js"

const looksAt = 8

/**
 * About what one provider call of a turn will take: the history as the provider counted it last, the settings of the session
 * where it never did, the prompt, and the longest reply that the session allows, or else `expectedOutput`.
 */
export const estimateTurn = (
  store: SessionStore["Type"],
  session: SessionInfo,
  prompt: ReadonlyArray<Part>,
  expectedOutput: number
) =>
  Effect.map(store.messages(session.id, { order: "newest", limit: looksAt }), ({ items }): TokenUsage => {
    const { historyTokens = Number.MAX_SAFE_INTEGER, providerConfig = {} } = session.config
    const { maxTokens } = providerConfig
    return {
      inputTokens: Math.min(historyTokens, historyOf(items, session)) + estimateTokens(prompt),
      outputTokens: typeof maxTokens === "number" ? maxTokens : expectedOutput
    }
  })

const historyOf = (newest: ReadonlyArray<Message>, { config, messageCount }: SessionInfo): number => {
  let tokens = 0
  for (const { parts, usage } of newest) {
    if (usage) return tokens + usage.inputTokens + usage.outputTokens
    tokens += estimateTokens(parts)
  }
  const shown = Math.min(messageCount, config.historyMessages ?? messageCount)
  const settings = Math.ceil(JSON.stringify(config.providerConfig ?? {}).length / 4)
  return settings + (newest.length === 0 ? 0 : Math.ceil((tokens / newest.length) * shown))
}
