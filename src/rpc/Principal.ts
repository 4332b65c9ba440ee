import * as Context from "effect/Context"

/**
 * Who is calling, as the server has verified it. Never taken from what a call carries.
 */
export class Principal extends Context.Tag("langswarm-session/rpc/Principal")<Principal, {
  readonly name: string
}>() {}
