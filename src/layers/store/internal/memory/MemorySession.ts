import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import { OwnershipLost } from "../../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../../domain/Events.js"
import { Epoch } from "../../../../domain/Ids.js"
import type { SessionInfo } from "../../../../domain/Session.js"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import { emptySessionMetrics, type SessionMetrics } from "../../../../domain/SessionMetrics.js"
import { maxEventBytes, takeBytes } from "../../../../domain/Size.js"
import type { SessionExport } from "../../../../domain/Transfer.js"
import type { SessionChanges } from "../../../../services/SessionChanges.js"
import type { ExpiringSession, SessionFootprint, SessionSnapshot } from "../../../../services/SessionStore.js"
import { idleLimits, precedingPlace, storedEvents } from "../commitRules.js"
import { type ContextVersion, usefulContexts } from "../usefulContexts.js"
import { MemoryHistory } from "./MemoryHistory.js"
import { MemoryTurns } from "./MemoryTurns.js"

/**
 * One session in memory. The values it returns are immutable.
 */
export class MemorySession {
  info: SessionInfo
  metrics: SessionMetrics
  readonly turns = new MemoryTurns()
  /** Approximate bytes of its values, as JSON. */
  size: number
  private epoch = Epoch.make(0)
  private events: Array<SessionEvent>
  private lastEvent = 1
  private readonly versions: Array<ContextVersion>

  constructor(
    info: SessionInfo,
    public context: SessionContext,
    private delivered: number = 1,
    readonly history = new MemoryHistory(info.id),
    inherited: ReadonlyArray<ContextVersion> = [],
    since = history.lastSeq
  ) {
    const { messageCount } = history
    const session: SessionInfo = { ...info, status: "active", lastActivityAt: info.createdAt, messageCount }
    this.info = { ...info, messageCount }
    this.metrics = emptySessionMetrics(info.id)
    this.events = [{ _tag: "SessionCreated", sessionId: info.id, number: 1, at: info.createdAt, session }]
    this.versions = [...inherited, { since, context }]
    this.size = sizeOf(info) + sizeOf(context) + Arr.reduce(history.messages, 0, (size, next) => size + sizeOf(next))
  }

  static restored(record: SessionExport, delivered?: 0 | 1): MemorySession {
    const { contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns } = record
    const { context, since } = Arr.lastNonEmpty(contexts)
    const history = new MemoryHistory(session.id, lastSeq, messages, rewound)
    const restored = new MemorySession(session, context, delivered, history, Arr.initNonEmpty(contexts), since)
    restored.metrics = metrics
    for (const { context } of Arr.initNonEmpty(contexts)) restored.size += sizeOf(context)
    for (const turn of turns) {
      restored.size += sizeOf(turn)
      restored.turns.put(turn)
    }
    restored.turns.lastOrdinal = lastOrdinal
    return restored
  }

  get exported(): SessionExport {
    const { cursor: _, ...session } = this.info
    const [messages, rewound] = this.history.parted
    return {
      format: "langswarm-session/1",
      session,
      lastSeq: this.history.lastSeq,
      lastOrdinal: this.turns.lastOrdinal,
      metrics: this.metrics,
      contexts: usefulContexts(session.id, this.versions, messages),
      messages,
      rewound,
      turns: this.turns.ended
    }
  }

  fork(seq: number, info: SessionInfo, context: SessionContext, delivered?: 0 | 1): MemorySession {
    return new MemorySession(
      info,
      context,
      delivered,
      this.history.fork(info.id, seq),
      this.versions.filter(({ since }) => since < seq)
    )
  }

  /** Whether it has an open turn, or an event that hooks may not have been notified of. */
  get isUnfinished(): boolean {
    return this.turns.hasOpen || this.delivered < this.lastEvent
  }

  contextAt(seq: number): SessionContext {
    const following = this.history.following(seq)
    const { context } = this.versions.findLast(({ since }) => since < following) ?? this
    return { ...context, sessionId: this.info.id }
  }

  eventsAfter(number: number, limit: number): ReadonlyArray<SessionEvent> {
    return takeBytes(Arr.take(this.events.filter((event) => event.number > number), limit), maxEventBytes)
  }

  ownedBy(epoch: Epoch): Either.Either<this, OwnershipLost> {
    return this.epoch === epoch
      ? Either.right(this)
      : Either.left(new OwnershipLost({ sessionId: this.info.id, epoch }))
  }

  open(window: number): SessionSnapshot {
    this.epoch = Epoch.make(this.epoch + 1)
    return {
      epoch: this.epoch,
      session: this.info,
      context: this.context,
      metrics: this.metrics,
      lastSeq: this.history.lastSeq,
      lastOrdinal: this.turns.lastOrdinal,
      lastEvent: this.lastEvent,
      delivered: this.delivered,
      window: this.history.latest(window),
      openTurns: this.turns.open
    }
  }

  /** Throws, before any change, when the changes do not follow what is stored. */
  apply(changes: SessionChanges): void {
    this.assertInOrder(changes)
    const {
      clearMessages,
      configuration,
      context,
      cursor,
      delivered = 0,
      events = [],
      lastActivityAt,
      messages = [],
      metrics,
      rewindTo,
      status
    } = changes
    if (clearMessages) this.clear()
    if (rewindTo !== undefined) this.history.rewind(rewindTo)
    this.history.add(messages)
    for (const message of messages) this.size += sizeOf(message)
    for (const turn of changes.turns ?? []) {
      this.size += sizeOf(turn) - sizeOf(this.turns.find(turn.id))
      this.turns.put(turn)
    }
    if (metrics) this.metrics = metrics
    if (context) {
      this.size += sizeOf(context)
      this.context = context
      this.versions.push({ since: this.history.lastSeq, context })
    }
    this.events.push(...events)
    this.lastEvent += events.length
    this.delivered = Math.max(this.delivered, delivered)
    const { cursor: known, ...info } = this.info
    const held = cursor === undefined ? known : cursor ?? undefined
    this.info = {
      ...info,
      ...configuration,
      ...(status && { status }),
      ...(lastActivityAt && { lastActivityAt }),
      ...(held && { cursor: held }),
      messageCount: this.history.messageCount
    }
    if (configuration || cursor !== undefined) this.size += sizeOf(this.info) - sizeOf({ ...info, cursor: known })
  }

  private assertInOrder(changes: SessionChanges): void {
    const { clearMessages, context, delivered = 0, messages = [], turns = [] } = changes
    const { id } = this.info
    const events = storedEvents(id, changes)
    const precedingSeq = precedingPlace(id, messages, ({ seq }) => seq) ?? this.history.lastSeq
    const precedingEvent = precedingPlace(id, events, ({ number }) => number) ?? this.lastEvent
    if (
      precedingSeq !== this.history.lastSeq || precedingEvent !== this.lastEvent ||
      delivered > this.lastEvent + events.length
    ) throw new Error(`The messages or events of a commit to session "${id}" do not follow those that are stored`)
    if (context && context.version <= this.context.version) {
      throw new Error(`Version ${context.version} of the context of session "${id}" is not newer than the stored one`)
    }
    const ids = new Set(messages.map((message) => message.id))
    if (ids.size < messages.length || (!clearMessages && Arr.some([...ids], (known) => this.history.has(known)))) {
      throw new Error(`A message of a commit to session "${id}" has the id of another message`)
    }
    this.turns.assertOwn(turns)
    const known = new Set(turns.map((turn) => turn.id))
    for (const event of events) {
      if ("turnId" in event && !known.has(event.turnId) && !this.turns.find(event.turnId)) {
        throw new Error(`An event of a commit to session "${id}" refers to turn "${event.turnId}", which is not stored`)
      }
    }
  }

  private clear(): void {
    for (const message of this.history.messages) this.size -= sizeOf(message)
    this.history.clear()
    this.events = this.events.filter(({ _tag }) => _tag !== "MessageSent" && _tag !== "MessageReceived")
  }
}

const sizeOf = (value: object | undefined): number => value === undefined ? 0 : JSON.stringify(value).length

/**
 * The action that a session's idle time calls for now, if any.
 */
export const toExpiring = ({ info, turns }: MemorySession, now: DateTime.Utc): ReadonlyArray<ExpiringSession> => {
  if (turns.hasOpen) return []
  const { archiveAfterMs = Infinity, deleteAfterMs = Infinity } = idleLimits(info.config)
  const idle = DateTime.distance(info.lastActivityAt, now)
  if (idle >= deleteAfterMs) return [{ sessionId: info.id, action: "delete" }]
  return idle >= archiveAfterMs && info.status !== "archived" ? [{ sessionId: info.id, action: "archive" }] : []
}

/**
 * What would be removed with a session, and what would stay, given all sessions.
 */
export const toFootprint = (session: MemorySession, sessions: Iterable<MemorySession>): SessionFootprint => {
  const others = Array.from(sessions).filter((other) => other !== session)
  const own = others.filter(({ info }) => info.userId === session.info.userId)
  let messages = 0
  let sharedMessages = 0
  for (const message of session.history.messages) {
    const shares = ({ history }: MemorySession) => history.holds(message)
    if (!others.some(shares)) messages += 1
    else if (!own.some(shares)) sharedMessages += 1
  }
  return { messages, sharedMessages, turns: session.turns.size }
}
