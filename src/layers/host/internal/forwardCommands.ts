import * as Effect from "effect/Effect"
import type { ShuttingDown } from "../../../domain/error/RequestError.js"
import type { SessionUnavailable } from "../../../domain/error/SessionError.js"
import type { SessionId } from "../../../domain/Ids.js"
import { type SessionCommands, sessionCommands } from "../../../services/SessionOperations.js"
import type { ActorRegistry } from "./ActorRegistry.js"

/** Commands that are more than one command of the actor. `LocalSessionHost` has them by hand. */
type OwnCommand = "reactivate" | "send" | "stop" | "stream" | "submit" | "watch"

type Forwarded = Exclude<keyof SessionCommands, OwnCommand>

/** What an actor must have: a member for each command, without the session's id. */
type ActorCommands = {
  readonly [Name in Forwarded]: SessionCommands[Name] extends
    (id: SessionId, ...args: infer Args extends [] | [unknown]) => infer Result
    ? Args extends [] ? Result : (...args: Args) => Result
    : never
}

type Use = <A, E>(
  id: SessionId,
  run: (actor: ActorCommands) => Effect.Effect<A, E>
) => Effect.Effect<A, E | SessionUnavailable | ShuttingDown>

/**
 * Commands that go to the session's actor under the same name.
 */
export function forwardCommands(use: ActorRegistry["use"] & Use): Pick<SessionCommands, Forwarded>
export function forwardCommands(use: Use): unknown {
  const forward = (name: string) => (id: SessionId, input: unknown) =>
    use(id, (actor) => {
      const command = actor[name as Forwarded] as Effect.Effect<unknown> | ((input: unknown) => Effect.Effect<unknown>)
      return Effect.isEffect(command) ? command : command(input)
    })
  return Object.fromEntries(Object.keys(sessionCommands).map((name) => [name, forward(name)]))
}
