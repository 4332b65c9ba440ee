import type { FromServerEncoded, ResponseExitEncoded } from "@effect/rpc/RpcMessage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Disconnected, InternalError } from "../../../domain/error/RequestError.js"
import { AccessError } from "../../../domain/error/SessionError.js"
import { SanitizedDefect } from "../handlers/sanitizedDefect.js"

/** Ends one call with a typed error. */
export const ofCall = (requestId: string, error: AccessError): FromServerEncoded => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: { _tag: "Fail", error: encode(error) } }
})

/** Responds to what belongs to no call. Any client of `@effect/rpc` reads it as an `Error`, by its name and message. */
export const ofConnection = (error: AccessError | InternalError): FromServerEncoded => ({
  _tag: "Defect",
  defect: { ...encode(error), name: error._tag, message: error.message }
})

/**
 * What leaves the server in place of a response: defects without what was thrown, and interruptions as a typed error.
 */
export const sanitizeResponse = (response: FromServerEncoded): Effect.Effect<FromServerEncoded> => {
  switch (response._tag) {
    case "Defect":
      return Schema.encode(SanitizedDefect)(response.defect).pipe(
        Effect.flatMap(Schema.decode(InternalError)),
        Effect.map(ofConnection),
        Effect.orDie
      )
    case "Exit":
      return Effect.succeed(
        response.exit._tag === "Failure" && isInterruption(response.exit.cause)
          // Not `ShuttingDown`, which guarantees that nothing was stored.
          ? ofCall(
            response.requestId,
            new Disconnected({ reason: "it stopped before the call ended", sent: true })
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

const encode = Schema.encodeSync(Schema.Union(AccessError, InternalError))
