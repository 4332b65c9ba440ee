import { Redacted } from "effect"
import { OpenAiProvider } from "../../../src/layers/provider/OpenAiProvider.js"
import { errorCases } from "../../vendor/errorCases.js"

const error = (message: string, code: string | null, type = "invalid_request_error") => ({
  error: { message, type, param: null, code }
})

errorCases({
  title: "OpenAiProvider",
  name: "openai",
  model: "gpt-5.2",
  layer: (url, apiKey) =>
    OpenAiProvider.layer({ apiKey: Redacted.make(apiKey), baseUrl: `${url}/v1`, conversation: "stateless" }),
  body: ({ code, message, type }) => error(message, code, type),
  requestIdHeader: "x-request-id",
  quota: { status: 429, body: error("You exceeded your quota.", "insufficient_quota", "insufficient_quota") },
  overflow: {
    status: 400,
    body: error("Your input exceeds the context window of this model.", "context_length_exceeded")
  }
})
