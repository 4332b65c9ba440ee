import type { FromClientEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import type { ServerLimits } from "../../ServerLimits.js"
import { makeCallGate } from "./callGate.js"
import { LargeReads } from "./LargeReads.js"
import { type Connection, OpenConnection, type Peer } from "./OpenConnection.js"
import { Outbox, OutboxGroup } from "./Outbox.js"
import { makeReadingTurns } from "./readingTurns.js"
import { sanitizeResponse } from "./responses.js"

interface Contract {
  readonly requests: ReadonlyMap<string, unknown>
  readonly streams: ReadonlySet<string>
  readonly endless: ReadonlySet<string>
}

/**
 * The protocol of `@effect/rpc`, for untrusted clients. A malformed call fails by itself, with a typed error that does not
 * repeat its content; what belongs to no call ends its connection.
 *
 * It replaces the protocols of `RpcServer`: these answer malformed frames with defects of the whole connection, let a frame's
 * headers override the connection's, buffer what a client does not read without limit, and cannot close a socket with a reason.
 */
export const makeHardenedProtocol = Effect.fnUntraced(function*(
  { endless, requests, streams }: Contract,
  limits: ServerLimits,
  fork: (effect: Effect.Effect<void>) => void,
  now: () => number
) {
  const gate = makeCallGate({ tags: requests, streams, endless }, limits)
  const turns = yield* makeReadingTurns
  const outboxes = new OutboxGroup(limits, fork, now)
  const connections = new Map<number, OpenConnection>()
  const reads = new LargeReads((id) => {
    const outbox = connections.get(id)?.outbox
    // The calls of a connection that has gone are about to be interrupted.
    return outbox !== undefined && !outbox.isFull && outboxes.waiting < limits.encodingBytes
  })
  outboxes.onRoom = () => reads.next()
  const disconnects = yield* Mailbox.make<number>()
  let lastId = 0
  let write!: (id: number, frame: FromClientEncoded) => Effect.Effect<void>

  const server = yield* RpcServer.Protocol.make((writeFrame) => {
    // A stopping server interrupts fibers that still write to it.
    write = (id, frame) => Effect.catchAllCause(writeFrame(id, frame), () => Effect.void)
    return Effect.succeed({
      disconnects,
      send: Effect.fnUntraced(function*(id, response) {
        const connection = connections.get(id)
        if (connection === undefined) return
        connection.send(yield* sanitizeResponse(response))
      }),
      end: () => Effect.void,
      clientIds: Effect.sync(() => new Set(connections.keys())),
      initialMessage: Effect.succeedNone,
      supportsAck: true,
      supportsTransferables: false,
      supportsSpanPropagation: true
    })
  })

  const connect = Effect.fnUntraced(function*(peer: Peer) {
    const id = ++lastId
    const connection = new OpenConnection(id, peer, {
      calls: gate.connection(),
      outbox: new Outbox(peer, outboxes),
      write: (frame) => write(id, frame),
      fork,
      takeTurns: turns.add,
      now
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => connections.set(id, connection)),
      () =>
        Effect.suspend(() => {
          connections.delete(id)
          connection.close()
          return disconnects.offer(id)
        })
    )
    return connection as Connection
  })

  return {
    server,
    connect,
    /** How many calls and streams run, and how many connections do not read. */
    status: () => ({ ...gate.running(), blockedConnections: outboxes.blocked.size }),
    /** Runs a read with a large answer when it is its connection's turn. */
    largeRead: reads.run.bind(reads),
    isDraining: gate.isDraining,
    /** Refuses new calls and waits for running ones, up to a timeout. */
    drain: gate.drain,
    /** Ends all connections. */
    end: Effect.sync(() => {
      for (const { peer } of connections.values()) peer.end("stopping")
    })
  } as const
})
