import type { MiddlewareSkipped } from "../domain/MiddlewareSkipped.js"
import type { TurnNotice } from "../domain/TurnNotice.js"

/**
 * What happened on a turn's way, in words.
 */
export const noticeText = (notice: TurnNotice): string => {
  switch (notice._tag) {
    case "AttemptFailed": {
      const { error, model, provider } = notice.attempt
      return `${provider}/${model} did not answer, and is not the last to be asked: ${error?.message ?? "it broke off"}`
    }
    case "CircuitOpen":
      return `${notice.provider}/${notice.model} has failed too often and was not asked; it is again in ${
        Math.ceil(notice.retryAfterMs / 1000)
      } s`
    case "HistoryReplayed":
      return `${notice.provider} had lost the conversation, and was told all of it again`
    case "HistoryTrimmed":
      return `the history is too long for ${notice.provider}/${notice.model}; its oldest ${notice.messages} messages were left out`
    case "PartsOmitted":
      return `${notice.provider}/${notice.model} was not shown all parts; it does not take: ${notice.kinds.join(", ")}`
    case "MiddlewareSkipped":
      return `middleware "${notice.middleware}" was skipped at ${notice.stage}: ${skipReasons[notice.reason]}`
  }
}

const skipReasons: Record<MiddlewareSkipped["reason"], string> = {
  refused: "it refused, and is optional",
  timedOut: "it took too long",
  wrongAnswer: "its answer was not taken",
  failed: "it failed"
}
