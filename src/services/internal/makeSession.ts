import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ConfigureSession } from "../../domain/ConfigureSession.js"
import { ContextPatch } from "../../domain/ContextPatch.js"
import { EditTurn } from "../../domain/EditTurn.js"
import { ForkSession } from "../../domain/ForkSession.js"
import { MessageContent } from "../../domain/MessageContent.js"
import { MessageId } from "../../domain/MessageId.js"
import { MessageQuery } from "../../domain/MessageQuery.js"
import { RewindSession } from "../../domain/RewindSession.js"
import { SendMessage } from "../../domain/SendMessage.js"
import type { SessionId } from "../../domain/SessionId.js"
import { StopTurn } from "../../domain/StopTurn.js"
import { TurnId } from "../../domain/TurnId.js"
import { WatchSession } from "../../domain/WatchSession.js"
import type { SendInput, Session } from "../Session.js"
import type { SessionOperations } from "../SessionOperations.js"
import { checkInput } from "./checkInput.js"

const checkMessage = checkInput(SendMessage)
const checkSend = (input: SendInput) => checkMessage(typeof input === "string" ? { content: input } : input)
const checkContent = checkInput(MessageContent)
const checkWatch = checkInput(WatchSession)
const checkEdit = checkInput(EditTurn)
const checkFork = checkInput(ForkSession)
const checkRewind = checkInput(RewindSession)
const checkStop = checkInput(StopTurn)
const checkTurnId = checkInput(TurnId, "turnId")
const checkMessageId = checkInput(MessageId, "messageId")
const checkMessageQuery = checkInput(MessageQuery)
const checkConfigure = checkInput(ConfigureSession)
const checkContextPatch = checkInput(ContextPatch)

/**
 * The handle of a session, over whichever operations there are.
 */
export const makeSession = (operations: SessionOperations, id: SessionId): Session => ({
  id,
  info: Effect.withSpan(operations.info(id), "Session.info"),
  send: Effect.fn("Session.send")((input: SendInput) =>
    Effect.flatMap(checkSend(input), (message) => operations.send(id, message))
  ),
  stream: (input) =>
    Stream.unwrap(Effect.map(checkSend(input), (message) => operations.stream(id, message))).pipe(
      Stream.withSpan("Session.stream")
    ),
  stop: Effect.fn("Session.stop")((stop: typeof StopTurn.Encoded = {}) =>
    Effect.flatMap(checkStop(stop), (stop) => operations.stop(id, stop))
  ),
  submit: Effect.fn("Session.submit")((input: SendInput) =>
    Effect.flatMap(checkSend(input), (message) => operations.submit(id, message))
  ),
  watch: (watch = {}) =>
    Stream.unwrap(Effect.map(checkWatch(watch), (watch) => operations.watch(id, watch))).pipe(
      Stream.withSpan("Session.watch")
    ),
  pending: Effect.withSpan(operations.pending(id), "Session.pending"),
  edit: Effect.fn("Session.edit")((edit: typeof EditTurn.Encoded) =>
    Effect.flatMap(checkEdit(edit), (edit) => operations.edit(id, edit))
  ),
  sendSystem: Effect.fn("Session.sendSystem")((input: string | typeof MessageContent.Encoded) =>
    Effect.flatMap(
      checkContent(typeof input === "string" ? { content: input } : input),
      (content) => operations.sendSystem(id, content)
    )
  ),
  messages: Effect.fn("Session.messages")((query: typeof MessageQuery.Encoded = {}) =>
    Effect.flatMap(checkMessageQuery(query), (query) => operations.messages(id, query))
  ),
  message: Effect.fn("Session.message")((messageId: string) =>
    Effect.flatMap(checkMessageId(messageId), (messageId) => operations.message(id, messageId))
  ),
  turns: Effect.withSpan(operations.turns(id), "Session.turns"),
  turn: Effect.fn("Session.turn")((turnId: string) =>
    Effect.flatMap(checkTurnId(turnId), (turnId) => operations.turn(id, turnId))
  ),
  clear: Effect.withSpan(operations.clear(id), "Session.clear"),
  context: Effect.withSpan(operations.context(id), "Session.context"),
  updateContext: Effect.fn("Session.updateContext")((patch: typeof ContextPatch.Encoded) =>
    Effect.flatMap(checkContextPatch(patch), (patch) => operations.updateContext(id, patch))
  ),
  configure: Effect.fn("Session.configure")((changes: typeof ConfigureSession.Encoded) =>
    Effect.flatMap(checkConfigure(changes), (changes) => operations.configure(id, changes))
  ),
  metrics: Effect.withSpan(operations.metrics(id), "Session.metrics"),
  fork: Effect.fn("Session.fork")(function*(fork: typeof ForkSession.Encoded = {}) {
    return makeSession(operations, yield* operations.fork(id, yield* checkFork(fork)))
  }),
  rewind: Effect.fn("Session.rewind")((rewind: typeof RewindSession.Encoded) =>
    Effect.flatMap(checkRewind(rewind), (rewind) => operations.rewind(id, rewind))
  ),
  archive: Effect.withSpan(operations.archive(id), "Session.archive"),
  reactivate: Effect.withSpan(operations.reactivate(id), "Session.reactivate"),
  delete: Effect.withSpan(operations.delete(id), "Session.delete"),
  export: Effect.withSpan(operations.export(id), "Session.export")
})
