import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderTarget } from "../domain/ProviderTarget.js"
import { SessionManager } from "../services/SessionManager.js"
import { fallbackOption } from "./fallbackOption.js"

/**
 * Which session to talk to: an existing one, or a new one with these.
 */
export const sessionOptions = {
  session: Options.text("session").pipe(
    Options.withDescription("Go on with this session; a new one is started if left out"),
    Options.optional
  ),
  user: Options.text("user").pipe(Options.withDescription("Whose session a new one is"), Options.withDefault("local")),
  provider: Options.text("provider").pipe(
    Options.withDescription("Provider of a new session"),
    Options.withDefault("mock")
  ),
  model: Options.text("model").pipe(
    Options.withDescription("Model of a new session; mock-model if the provider is the mock"),
    Options.optional
  ),
  fallback: fallbackOption
}

interface SessionOptions {
  readonly session: Option.Option<string>
  readonly user: string
  readonly provider: string
  readonly model: Option.Option<string>
  readonly fallback: ReadonlyArray<typeof ProviderTarget.Encoded>
}

export const startSession = ({ fallback, model, provider, session, user }: SessionOptions) =>
  Effect.flatMap(SessionManager, (sessions) =>
    Effect.gen(function*() {
      if (Option.isSome(session)) return yield* sessions.get(session.value)
      return yield* sessions.create({
        userId: user,
        provider,
        model: yield* modelOf(sessions, provider, model),
        ...(fallback.length > 0 && { config: { fallbacks: fallback } })
      })
    }))

const modelOf = Effect.fnUntraced(function*(
  sessions: SessionManager["Type"],
  provider: string,
  model: Option.Option<string>
) {
  if (Option.isSome(model)) return model.value
  if (provider === "mock") return "mock-model"
  // One that is not there needs no model.
  yield* sessions.providerInfo(provider)
  return yield* new ConfigurationError({ problems: [`--provider ${provider} needs a --model`] })
})
