import * as Headers from "@effect/platform/Headers"
import type { IncomingMessage } from "node:http"
import { v4 } from "uuid"
import { type InvalidRequest, ServerBusy, type ShuttingDown, Unauthorized } from "../../../domain/error/RequestError.js"
import { addressHeader } from "../handlers/auditLog.js"
import { type Addresses, isLoopback, type makeClientAddress } from "./addresses.js"
import type { Connections, NetworkConnection } from "./Connections.js"
import type { ServerLog } from "./operatorLog.js"
import type { makeOriginCheck } from "./originCheck.js"

/**
 * Why a request is refused before anything of it is read but its headers.
 */
export interface Refusal {
  readonly status: number
  readonly error: InvalidRequest | ServerBusy | ShuttingDown | Unauthorized
  readonly headers: Record<string, string>
}

/** A request that may go on. */
export interface Entry {
  readonly address: string
  readonly network: NetworkConnection | undefined
  /** To be called when the request, or its WebSocket, has ended. */
  readonly leave: () => void
}

interface EntranceOptions {
  readonly addresses: Addresses
  readonly check: (authorization: string | undefined) => "missing" | "right" | "wrong"
  readonly clientAddress: ReturnType<typeof makeClientAddress>
  readonly connections: Connections
  readonly log: ServerLog
  readonly now: () => number
  readonly origins: ReturnType<typeof makeOriginCheck>
}

/**
 * Lets requests in by their headers alone: `Host`, `Origin`, the limits of their address, and the token. Nothing is read for a
 * caller without a token.
 */
export class Entrance {
  constructor(readonly options: EntranceOptions) {}

  /** A WebSocket may show its token later, since a browser cannot set its headers. */
  enter(request: IncomingMessage, isWebSocket: boolean): Entry | Refusal {
    const { clientAddress, connections, log, origins } = this.options
    const { headers, socket } = request
    const address = clientAddress.of(socket.remoteAddress, joined(headers["x-forwarded-for"]))
    const refusal = origins.refusalOf(headers)
    if (refusal !== undefined) {
      const correlationId = v4()
      if (refusal.status === 421) log.refusedHost(address, headers.host ?? "", correlationId)
      else log.refusedOrigin(address, headers.origin ?? "", correlationId)
      return { ...refusal, headers: { [correlationHeader]: correlationId } }
    }
    const network = connections.of(socket)
    const unauthorized = this.authorize(headers.authorization, address, network, !isWebSocket)
    if (unauthorized !== undefined) return unauthorized
    if (!clientAddress.isProxy(socket.remoteAddress)) return { address, network, leave: () => {} }
    const exceeded = connections.openThroughProxy(address, isWebSocket)
    return exceeded === undefined
      ? { address, network, leave: () => connections.closeThroughProxy(address) }
      : tooMany(`${exceeded} of this address`, 60_000)
  }

  isRight(authorization: string | undefined): boolean {
    return this.options.check(authorization) === "right"
  }

  /** Checks a token, and counts wrong ones. Returns undefined when it is right, or missing where it may be. */
  authorize(
    authorization: string | undefined,
    address: string,
    network: NetworkConnection | undefined,
    isRequired = true
  ): Refusal | undefined {
    const { addresses, check, connections, log, now } = this.options
    const locked = addresses.lockedFor(address, now())
    const outcome = check(authorization)
    // On the loopback interface all users of a machine or a proxy share one address, so a right token still counts there.
    if (locked > 0 && outcome !== "missing" && !(outcome === "right" && isLoopback(address))) {
      return tooMany("too many wrong tokens from this address", locked)
    }
    if (outcome === "right") {
      if (network !== undefined) connections.authorize(network)
      return undefined
    }
    if (outcome === "missing" && !isRequired) return undefined
    const correlationId = v4()
    if (outcome === "wrong") {
      addresses.addWrongToken(address, now())
      log.refusedToken(address, correlationId)
    }
    return {
      status: 401,
      error: new Unauthorized(),
      headers: { "www-authenticate": "Bearer", [correlationHeader]: correlationId }
    }
  }
}

/** The headers of a connection, with the address that no client can set. */
export const peerHeaders = ({ headers }: IncomingMessage, { address }: Entry): Headers.Headers =>
  Headers.fromInput(
    Object.entries({ ...headers, [addressHeader]: address }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, joined(value) ?? ""] as const]
    )
  )

export const isRefusal = (entry: Entry | Refusal): entry is Refusal => "error" in entry

/** Names the line of the log about a refusal in its response. */
const correlationHeader = "x-correlation-id"

const tooMany = (reason: string, retryAfterMs: number): Refusal => ({
  status: 429,
  error: new ServerBusy({ reason, retryAfterMs }),
  headers: { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }
})

const joined = (value: ReadonlyArray<string> | string | undefined) =>
  typeof value === "string" ? value : value?.join(",")
