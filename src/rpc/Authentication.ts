import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import * as Context from "effect/Context"
import { Unauthorized } from "../domain/error/RequestError.js"

/**
 * Who is calling, as the server has verified it. Never taken from what a call carries.
 */
export class Principal extends Context.Tag("langswarm-session/rpc/Principal")<Principal, {
  readonly name: string
}>() {}

/**
 * Every call shows a bearer token, and without a valid one is refused with `Unauthorized`.
 */
export class Authentication extends RpcMiddleware.Tag<Authentication>()("langswarm-session/rpc/Authentication", {
  failure: Unauthorized,
  provides: Principal,
  requiredForClient: true
}) {}
