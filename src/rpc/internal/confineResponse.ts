import type { FromServerEncoded, ResponseExitEncoded } from "@effect/rpc/RpcMessage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Disconnected } from "../../domain/error/Disconnected.js"
import { InternalError } from "../../domain/error/InternalError.js"
import { ConfinedDefect } from "./ConfinedDefect.js"
import * as Refusal from "./Refusal.js"

/**
 * What may leave the server in place of a response: defects without what was thrown, and interruptions as an error that says
 * what the caller has to expect.
 */
export const confineResponse = (response: FromServerEncoded): Effect.Effect<FromServerEncoded> => {
  switch (response._tag) {
    case "Defect":
      return Schema.encode(ConfinedDefect)(response.defect).pipe(
        Effect.flatMap(Schema.decode(InternalError)),
        Effect.map(Refusal.ofConnection),
        Effect.orDie
      )
    case "Exit":
      return Effect.succeed(
        response.exit._tag === "Failure" && isInterruption(response.exit.cause)
          // Not `ShuttingDown`, which promises that nothing was stored.
          ? Refusal.ofCall(
            response.requestId,
            new Disconnected({ reason: "it stopped before the call was answered", sent: true })
          )
          : response
      )
    default:
      return Effect.succeed(response)
  }
}

type Cause = Extract<ResponseExitEncoded["exit"], { readonly _tag: "Failure" }>["cause"]

const isInterruption = (cause: Cause): boolean =>
  cause._tag === "Interrupt" || cause._tag === "Empty" ||
  ((cause._tag === "Parallel" || cause._tag === "Sequential") && isInterruption(cause.left) &&
    isInterruption(cause.right))
