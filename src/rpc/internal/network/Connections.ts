import type * as Net from "node:net"
import type { ServerLimits } from "../../ServerLimits.js"
import type { Addresses, makeClientAddress } from "./addresses.js"
import type { LimitName, ServerLog } from "./operatorLog.js"

/**
 * A connection as the network sees it: one socket, which may carry many requests over HTTP, or one WebSocket.
 */
export interface NetworkConnection {
  readonly socket: Net.Socket
  readonly openedAt: number
  /** Whether it has made a call with the right token. */
  isAuthorized: boolean
}

/**
 * Something that is looked at each second, and closes itself when its client takes too long.
 */
export interface Watched {
  readonly tick: (now: number) => void
}

interface ConnectionsOptions {
  readonly limits: ServerLimits
  readonly addresses: Addresses
  readonly clientAddress: ReturnType<typeof makeClientAddress>
  readonly now: () => number
  readonly log: ServerLog
}

/**
 * All connections of a server. It bounds how many there are, and how long one stays open without an authorised call.
 */
export class Connections {
  readonly #open = new Map<Net.Socket, NetworkConnection>()
  /** The oldest comes first. */
  readonly #unauthorized = new Set<NetworkConnection>()
  readonly #watched = new Set<Watched>()

  constructor(readonly options: ConnectionsOptions) {}

  get count(): { readonly connections: number; readonly unauthorizedConnections: number } {
    return { connections: this.#open.size, unauthorizedConnections: this.#unauthorized.size }
  }

  /** Takes a new socket, or closes it when it exceeds a limit. */
  accept(socket: Net.Socket): void {
    const { addresses, clientAddress, limits, log, now } = this.options
    const address = clientAddress.of(socket.remoteAddress, undefined)
    // A proxy's connections are those of its clients, which `open` counts for each request.
    const isCounted = !clientAddress.isProxy(socket.remoteAddress)
    const exceeded = isCounted ? addresses.open(address, now()) : undefined
    if (exceeded !== undefined) {
      log.limitReached(exceeded, address)
      return void socket.destroy()
    }
    const connection: NetworkConnection = { socket, openedAt: now(), isAuthorized: false }
    this.#open.set(socket, connection)
    this.#unauthorized.add(connection)
    socket.once("close", () => {
      this.#open.delete(socket)
      this.#unauthorized.delete(connection)
      if (isCounted) addresses.close(address)
    })
    if (this.#unauthorized.size > limits.unauthorizedConnections) this.#dropOldest("unauthorizedConnections", address)
    if (this.#open.size > limits.connections) this.#dropOldest("connections", address, socket)
  }

  /** Counts a WebSocket or a request that came through a proxy. Returns the limit that it exceeds. */
  openThroughProxy(address: string, isWebSocket: boolean): LimitName | undefined {
    const { addresses, log, now } = this.options
    const exceeded = isWebSocket ? addresses.open(address, now()) : addresses.openRequest(address)
    if (exceeded !== undefined) log.limitReached(exceeded, address)
    return exceeded
  }

  closeThroughProxy(address: string): void {
    this.options.addresses.close(address)
  }

  of(socket: Net.Socket): NetworkConnection | undefined {
    return this.#open.get(socket)
  }

  authorize(connection: NetworkConnection): void {
    connection.isAuthorized = true
    this.#unauthorized.delete(connection)
  }

  watch(watched: Watched): () => void {
    this.#watched.add(watched)
    return () => this.#watched.delete(watched)
  }

  /** Closes what is too late. To be called each second. */
  tick(): void {
    const now = this.options.now()
    for (const watched of this.#watched) watched.tick(now)
    for (const { openedAt, socket } of this.#unauthorized) {
      if (now - openedAt < authorizationMillis) break
      // A WebSocket has just written why.
      socket.destroySoon()
    }
    this.options.addresses.prune(now)
  }

  /** Closes all connections, without loss of what is written. */
  end(): void {
    for (const socket of this.#open.keys()) socket.destroySoon()
  }

  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }

  /** Who connects to make a call does so at once, so the oldest has no such plan. */
  #dropOldest(limit: LimitName, address: string, newest?: Net.Socket) {
    this.options.log.closedByLimit(limit, address)
    const [oldest] = this.#unauthorized
    const socket = oldest?.socket ?? newest
    if (socket === undefined) return
    if (oldest !== undefined) this.#unauthorized.delete(oldest)
    this.#open.delete(socket)
    socket.destroy()
  }
}

/** How long a connection may be open without an authorised call. */
export const authorizationMillis = 10_000
