import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { MessageId, SessionId } from "../../../../domain/Ids.js"
import { Message, type MessageQuery } from "../../../../domain/Message.js"
import type { Page } from "../../../../domain/Page.js"
import { messageCursor, pageOf, pageSize } from "../pages.js"

/**
 * A session's messages. A fork shares the message objects of its origin, and sets its own session id when it returns one.
 */
export class MemoryHistory {
  /** All messages, rewound ones included, by `seq`. */
  private readonly readable = new Map<MessageId, Message>()
  private shown: Array<Message>
  /** The number of its session among all that were ever added. Search hits are sorted by it. */
  key = 0

  constructor(
    private readonly sessionId: SessionId,
    public lastSeq = 0,
    shown: ReadonlyArray<Message> = [],
    rewound: ReadonlyArray<Message> = [],
    private readonly origins: ReadonlyMap<SessionId, number> = new Map()
  ) {
    this.shown = [...shown]
    for (const message of Arr.sort([...shown, ...rewound], bySeq)) this.readable.set(message.id, message)
  }

  get messageCount(): number {
    return this.shown.length
  }

  get messages(): Iterable<Message> {
    return this.readable.values()
  }

  /** The messages of the history, and the rewound ones. */
  get parted(): readonly [messages: ReadonlyArray<Message>, rewound: ReadonlyArray<Message>] {
    const shown = new Set(this.shown)
    return [this.shown.map(this.own), Array.from(this.messages).filter((message) => !shown.has(message)).map(this.own)]
  }

  fork(sessionId: SessionId, seq: number): MemoryHistory {
    if (seq > this.lastSeq) throw new Error(`The history of session "${this.sessionId}" ends before message ${seq}`)
    const shared = this.shown.filter((message) => message.seq <= seq)
    return new MemoryHistory(sessionId, seq, shared, [], new Map([...this.origins, [this.sessionId, this.key]]))
  }

  /** The messages of the history, each with the key of the session that added it. */
  get placed(): ReadonlyArray<{ readonly key: number; readonly message: Message }> {
    return this.shown.map((message) => ({ key: this.origins.get(message.sessionId) ?? this.key, message }))
  }

  has(id: MessageId): boolean {
    return this.readable.has(id)
  }

  /** Whether this object is here, also as the message of another session; not just a message with the same id. */
  holds(message: Message): boolean {
    return this.readable.get(message.id) === message
  }

  find(id: MessageId): Option.Option<Message> {
    return Option.map(Option.fromNullable(this.readable.get(id)), this.own)
  }

  at(seq: number): Option.Option<Message> {
    return Option.map(Arr.findFirst(this.messages, (message) => message.seq === seq), this.own)
  }

  latest(count: number): ReadonlyArray<Message> {
    return Arr.map(Arr.takeRight(this.shown, count), this.own)
  }

  page({ rewound = false, ...query }: MessageQuery): Either.Either<Page<Message>, InvalidRequest> {
    return Either.map(
      pageOfMessages(rewound ? this.messages : this.shown, query),
      (page) => ({ ...page, items: Arr.map(page.items, this.own) })
    )
  }

  /** The `seq` of the message that follows this one in the history, or the next `seq`. */
  following(seq: number): number {
    return this.shown.find((message) => message.seq > seq)?.seq ?? this.lastSeq + 1
  }

  add(messages: ReadonlyArray<Message>): void {
    for (const message of messages) {
      this.readable.set(message.id, message)
      this.shown.push(message)
      this.lastSeq = message.seq
    }
  }

  rewind(to: number): void {
    this.shown = this.shown.filter(({ seq }) => seq <= to)
  }

  clear(): void {
    this.readable.clear()
    this.shown = []
  }

  private readonly own = (message: Message): Message =>
    message.sessionId === this.sessionId
      ? message
      : new Message({ ...message, sessionId: this.sessionId }, { disableValidation: true })
}

const bySeq = Order.mapInput(Order.number, (message: Message) => message.seq)

/** A page of the matching messages of a whole history. */
const pageOfMessages = (
  history: Iterable<Message>,
  { cursor, limit = pageSize, order = "oldest", role, since }: MessageQuery
): Either.Either<Page<Message>, InvalidRequest> =>
  Either.map(cursor === undefined ? Either.right(undefined) : messageCursor.decode(cursor), (position) => {
    const matching = Arr.fromIterable(history).filter((message) =>
      (position === undefined || (order === "oldest" ? message.seq > position.seq : message.seq < position.seq)) &&
      (role === undefined || message.role === role) &&
      (since === undefined || DateTime.greaterThanOrEqualTo(message.createdAt, since))
    )
    return pageOf(order === "oldest" ? matching : matching.toReversed(), limit, messageCursor.encode)
  })
