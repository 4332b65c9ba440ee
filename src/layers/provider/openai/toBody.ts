import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses"
import type { Message } from "../../../domain/Message.js"
import type { OpenAiSettings } from "./OpenAiSettings.js"
import type { Place } from "./Place.js"
import { toPrompt } from "./toPrompt.js"

export const toBody = (
  model: string,
  messages: ReadonlyArray<Message>,
  settings: OpenAiSettings,
  { params }: Place
): ResponseCreateParamsStreaming => ({
  ...toPrompt(model, messages, settings),
  ...params,
  ...(settings.maxTokens !== undefined && { max_output_tokens: settings.maxTokens }),
  ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  ...(settings.topP !== undefined && { top_p: settings.topP }),
  ...(settings.serviceTier !== undefined && { service_tier: settings.serviceTier }),
  ...settings.extra,
  stream: true
})
