import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import { Unauthorized } from "../domain/error/Unauthorized.js"
import { Principal } from "./Principal.js"

/**
 * Every call shows a bearer token, and without a valid one is refused with `Unauthorized`.
 */
export class Authentication extends RpcMiddleware.Tag<Authentication>()("langswarm-session/rpc/Authentication", {
  failure: Unauthorized,
  provides: Principal,
  requiredForClient: true
}) {}
