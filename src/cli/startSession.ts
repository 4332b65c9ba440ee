import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SessionManager } from "../services/SessionManager.js"

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
    Options.withDescription("Model of a new session"),
    Options.withDefault("mock-model")
  )
}

interface SessionOptions {
  readonly session: Option.Option<string>
  readonly user: string
  readonly provider: string
  readonly model: string
}

export const startSession = ({ model, provider, session, user }: SessionOptions) =>
  Effect.flatMap(SessionManager, (sessions) =>
    Effect.gen(function*() {
      return Option.isSome(session)
        ? yield* sessions.get(session.value)
        : yield* sessions.create({ userId: user, provider, model })
    }))
