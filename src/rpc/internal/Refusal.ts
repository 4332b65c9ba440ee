import type { FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import { AccessError } from "../../domain/error/AccessError.js"
import { InternalError } from "../../domain/error/InternalError.js"

const encode = Schema.encodeSync(Schema.Union(AccessError, InternalError))

/**
 * Ends one call with a typed error.
 */
export const ofCall = (requestId: string, error: AccessError): FromServerEncoded => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: { _tag: "Fail", error: encode(error) } }
})

/**
 * Answers what belongs to no call. With a name and a message any client of `@effect/rpc` can read it as an `Error`.
 */
export const ofConnection = (error: AccessError | InternalError): FromServerEncoded => ({
  _tag: "Defect",
  defect: { ...encode(error), name: error._tag, message: error.message }
})
