import * as Either from "effect/Either"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"

/**
 * Where calls go, and how.
 */
export interface Endpoint {
  readonly transport: "http" | "websocket"
  readonly url: string
}

const secured: ReadonlyMap<string, boolean> = new Map([
  ["http:", false],
  ["https:", true],
  ["ws:", false],
  ["wss:", true]
])

/**
 * The endpoint of the server that is known by a URL.
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
    return refuse("must hold no credentials, query or fragment; the token is passed by itself")
  }
  const scheme = `${transport === "http" ? "http" : "ws"}${secure ? "s" : ""}`
  const path = url.pathname.replace(/\/$/, "")
  return Either.right({
    transport,
    url: `${scheme}://${url.host}${path.endsWith(SessionRpcs.path) ? path : path + SessionRpcs.path}`
  })
}

const refuse = (problem: string) => Either.left(new ConfigurationError({ problems: [`url ${problem}`] }))
