import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { v5 } from "uuid"
import { SessionExport } from "./SessionExport.js"

type Encoded = typeof SessionExport.Encoded
type EncodedTurn = Encoded["turns"][number]
type EncodedError = NonNullable<EncodedTurn["error"]>

const encode = Schema.encodeSync(SessionExport)
const decode = Schema.decodeSync(SessionExport)

/**
 * The same session under other ids: each is the UUIDv5 (RFC 9562) of the old one in a namespace, so that the same record gets
 * the same ids in each run, and a fork the same origin. Keys of sends stay as they are, since they name them within a session.
 */
export const renumber = (record: SessionExport, namespace: string): SessionExport => {
  const rename = (id: string) => v5(id, namespace)
  const sessionId = rename(record.session.id)

  const ofError = (error: EncodedError): EncodedError => ({
    ...error,
    ...(error.sessionId !== undefined && { sessionId }),
    ...("turnId" in error && { turnId: rename(error.turnId) })
  })
  const ofAttempt = <A extends { readonly error?: EncodedError }>({ error, ...attempt }: A) => ({
    ...attempt,
    ...(error && { error: ofError(error) })
  })
  const ofMessage = ({ turnId, ...message }: Encoded["messages"][number]) => ({
    ...message,
    id: rename(message.id),
    sessionId,
    ...(turnId !== undefined && { turnId: rename(turnId) })
  })
  const ofTurn = ({ attempts, joined, ...turn }: EncodedTurn) => ({
    ...ofAttempt(turn),
    id: rename(turn.id),
    sessionId,
    ...(attempts && { attempts: Arr.map(attempts, ofAttempt) }),
    ...(joined !== undefined && { joined: rename(joined) })
  })

  const { session: { forkedFrom, ...session }, ...rest } = encode(record)
  return decode({
    ...rest,
    session: {
      ...session,
      id: sessionId,
      ...(forkedFrom && { forkedFrom: { ...forkedFrom, sessionId: rename(forkedFrom.sessionId) } })
    },
    metrics: { ...rest.metrics, sessionId },
    contexts: Arr.map(rest.contexts, ({ context, since }) => ({ since, context: { ...context, sessionId } })),
    messages: rest.messages.map(ofMessage),
    rewound: rest.rewound.map(ofMessage),
    turns: rest.turns.map(ofTurn)
  })
}
