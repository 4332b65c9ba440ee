import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import * as Context from "effect/Context"
import { Unauthorized } from "../domain/error/RequestError.js"

/**
 * Who is calling, as verified by the server. It is never taken from a call's payload.
 */
export class Principal extends Context.Tag("langswarm-session/rpc/Authentication/Principal")<Principal, {
  readonly name: string
}>() {}

/**
 * Authenticates each call by its bearer token. A call without a valid token fails with `Unauthorized`.
 */
export class Authentication extends RpcMiddleware.Tag<Authentication>()("langswarm-session/rpc/Authentication", {
  failure: Unauthorized,
  provides: Principal,
  requiredForClient: true
}) {}
