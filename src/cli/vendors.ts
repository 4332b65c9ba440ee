import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { AnthropicProvider } from "../layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../layers/provider/OpenAiProvider.js"

/** A variable that is set to nothing is not set. */
const key = (name: string) =>
  Config.option(Config.redacted(name)).pipe(Config.map(Option.filter((key) => Redacted.value(key).trim() !== "")))

const address = (name: string) =>
  Config.option(Config.string(name)).pipe(Config.map(Option.filter((address) => address.trim() !== "")))

const settings = Config.all({
  openAiKey: key("OPENAI_API_KEY"),
  openAiUrl: address("OPENAI_BASE_URL"),
  anthropicKey: key("ANTHROPIC_API_KEY"),
  anthropicUrl: address("ANTHROPIC_BASE_URL"),
  chatKey: key("CHAT_COMPLETIONS_API_KEY"),
  chatUrl: address("CHAT_COMPLETIONS_BASE_URL")
})

const at = (baseUrl: Option.Option<string>) => (Option.isSome(baseUrl) ? { baseUrl: baseUrl.value } : {})

/**
 * The vendors that the environment has a key for: `openai` with `OPENAI_API_KEY`, `anthropic` with `ANTHROPIC_API_KEY`, each
 * at another address with `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL`; and `chat`, any server that speaks chat completions, at
 * `CHAT_COMPLETIONS_BASE_URL`, with `CHAT_COMPLETIONS_API_KEY` if it wants one.
 */
export const vendors = Layer.unwrapEffect(
  Effect.map(settings, ({ anthropicKey, anthropicUrl, chatKey, chatUrl, openAiKey, openAiUrl }) => {
    const openAi = Option.map(openAiKey, (apiKey) => OpenAiProvider.layer({ apiKey, ...at(openAiUrl) }))
    const anthropic = Option.map(anthropicKey, (apiKey) => AnthropicProvider.layer({ apiKey, ...at(anthropicUrl) }))
    const chat = Option.map(
      chatUrl,
      (baseUrl) => ChatCompletionsProvider.layer({ baseUrl, ...(Option.isSome(chatKey) && { apiKey: chatKey.value }) })
    )
    return Layer.mergeAll(
      Layer.empty,
      Option.getOrElse(openAi, () => Layer.empty),
      Option.getOrElse(anthropic, () => Layer.empty),
      Option.getOrElse(chat, () => Layer.empty)
    )
  })
)
