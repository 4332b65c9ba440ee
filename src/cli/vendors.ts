import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Providers } from "../layers/Providers.js"

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
    const openAi = Option.map(openAiKey, (apiKey) => Providers.create("openai", { apiKey, ...at(openAiUrl) }))
    const anthropic = Option.map(
      anthropicKey,
      (apiKey) => Providers.create("anthropic", { apiKey, ...at(anthropicUrl) })
    )
    const chat = Option.map(
      chatUrl,
      (baseUrl) =>
        Providers.create("chatCompletions", { baseUrl, ...(Option.isSome(chatKey) && { apiKey: chatKey.value }) })
    )
    return Layer.mergeAll(Layer.empty, ...[openAi, anthropic, chat].flatMap(Option.toArray))
  })
).pipe(Layer.provide(Providers.layer()))
