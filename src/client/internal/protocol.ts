import type * as RpcClient from "@effect/rpc/RpcClient"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"
import * as HttpProtocol from "./httpProtocol.js"
import * as WebSocketProtocol from "./webSocketProtocol.js"

/**
 * Where calls go, and over which transport.
 */
export interface Endpoint {
  readonly transport: "http" | "websocket"
  readonly url: string
}

/**
 * The endpoint of a server's URL. Fails with `ConfigurationError` when the URL is malformed or contains credentials.
 */
export const fromUrl = (
  input: string,
  transport: Endpoint["transport"]
): Either.Either<Endpoint, ConfigurationError> => {
  const url = URL.canParse(input) ? new URL(input) : undefined
  const secure = secured.get(url?.protocol ?? "")
  if (url === undefined || secure === undefined) {
    return refuse("must be the address of a server, such as http://127.0.0.1:4080")
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("must not contain credentials, a query or a fragment; pass the token as an option of its own")
  }
  const scheme = `${transport === "http" ? "http" : "ws"}${secure ? "s" : ""}`
  const path = url.pathname.replace(/\/$/, "")
  return Either.right({
    transport,
    url: `${scheme}://${url.host}${path.endsWith(SessionRpcs.path) ? path : path + SessionRpcs.path}`
  })
}

/** Whether the scheme of a URL is encrypted. */
const secured: ReadonlyMap<string, boolean> = new Map([
  ["http:", false],
  ["https:", true],
  ["ws:", false],
  ["wss:", true]
])

const refuse = (problem: string) => Either.left(new ConfigurationError({ problems: [`url ${problem}`] }))

/**
 * The protocol of `@effect/rpc` to an endpoint, whose server knows the token.
 */
export const layer = (
  { transport, url }: Endpoint,
  token: Redacted.Redacted
): Layer.Layer<RpcClient.Protocol> =>
  transport === "http" ? HttpProtocol.layer(url, token) : WebSocketProtocol.layer(url, token)
