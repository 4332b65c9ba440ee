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
 * The handles of sessions, over whichever operations there are. What is traced is made once for all of them: a server makes a
 * handle for each call.
 */
export const makeSession = (operations: SessionOperations): (id: SessionId) => Session => {
  // Bound, so that a trace names the line that has called.
  const session = (id: SessionId): Session => ({
    id,
    info: Effect.suspend(() => calls.info(id)),
    send: calls.send.bind(undefined, id),
    stream: (input) =>
      Stream.unwrap(Effect.map(checkSend(input), (message) => operations.stream(id, message))).pipe(
        Stream.withSpan("Session.stream")
      ),
    stop: calls.stop.bind(undefined, id),
    submit: calls.submit.bind(undefined, id),
    watch: (watch = {}) =>
      Stream.unwrap(Effect.map(checkWatch(watch), (watch) => operations.watch(id, watch))).pipe(
        Stream.withSpan("Session.watch")
      ),
    pending: Effect.suspend(() => calls.pending(id)),
    edit: calls.edit.bind(undefined, id),
    sendSystem: calls.sendSystem.bind(undefined, id),
    messages: calls.messages.bind(undefined, id),
    message: calls.message.bind(undefined, id),
    turns: Effect.suspend(() => calls.turns(id)),
    turn: calls.turn.bind(undefined, id),
    clear: Effect.suspend(() => calls.clear(id)),
    context: Effect.suspend(() => calls.context(id)),
    updateContext: calls.updateContext.bind(undefined, id),
    configure: calls.configure.bind(undefined, id),
    metrics: Effect.suspend(() => calls.metrics(id)),
    fork: calls.fork.bind(undefined, id),
    rewind: calls.rewind.bind(undefined, id),
    archive: Effect.suspend(() => calls.archive(id)),
    reactivate: Effect.suspend(() => calls.reactivate(id)),
    delete: Effect.suspend(() => calls.delete(id)),
    export: Effect.suspend(() => calls.export(id))
  })

  const calls = {
    info: Effect.fn("Session.info")(operations.info),
    send: Effect.fn("Session.send")((id: SessionId, input: SendInput) =>
      Effect.flatMap(checkSend(input), (message) => operations.send(id, message))
    ),
    stop: Effect.fn("Session.stop")((id: SessionId, stop: typeof StopTurn.Encoded = {}) =>
      Effect.flatMap(checkStop(stop), (stop) => operations.stop(id, stop))
    ),
    submit: Effect.fn("Session.submit")((id: SessionId, input: SendInput) =>
      Effect.flatMap(checkSend(input), (message) => operations.submit(id, message))
    ),
    pending: Effect.fn("Session.pending")(operations.pending),
    edit: Effect.fn("Session.edit")((id: SessionId, edit: typeof EditTurn.Encoded) =>
      Effect.flatMap(checkEdit(edit), (edit) => operations.edit(id, edit))
    ),
    sendSystem: Effect.fn("Session.sendSystem")((id: SessionId, input: string | typeof MessageContent.Encoded) =>
      Effect.flatMap(
        checkContent(typeof input === "string" ? { content: input } : input),
        (content) => operations.sendSystem(id, content)
      )
    ),
    messages: Effect.fn("Session.messages")((id: SessionId, query: typeof MessageQuery.Encoded = {}) =>
      Effect.flatMap(checkMessageQuery(query), (query) => operations.messages(id, query))
    ),
    message: Effect.fn("Session.message")((id: SessionId, messageId: string) =>
      Effect.flatMap(checkMessageId(messageId), (messageId) => operations.message(id, messageId))
    ),
    turns: Effect.fn("Session.turns")(operations.turns),
    turn: Effect.fn("Session.turn")((id: SessionId, turnId: string) =>
      Effect.flatMap(checkTurnId(turnId), (turnId) => operations.turn(id, turnId))
    ),
    clear: Effect.fn("Session.clear")(operations.clear),
    context: Effect.fn("Session.context")(operations.context),
    updateContext: Effect.fn("Session.updateContext")((id: SessionId, patch: typeof ContextPatch.Encoded) =>
      Effect.flatMap(checkContextPatch(patch), (patch) => operations.updateContext(id, patch))
    ),
    configure: Effect.fn("Session.configure")((id: SessionId, changes: typeof ConfigureSession.Encoded) =>
      Effect.flatMap(checkConfigure(changes), (changes) => operations.configure(id, changes))
    ),
    metrics: Effect.fn("Session.metrics")(operations.metrics),
    fork: Effect.fn("Session.fork")((id: SessionId, fork: typeof ForkSession.Encoded = {}) =>
      Effect.map(Effect.flatMap(checkFork(fork), (fork) => operations.fork(id, fork)), session)
    ),
    rewind: Effect.fn("Session.rewind")((id: SessionId, rewind: typeof RewindSession.Encoded) =>
      Effect.flatMap(checkRewind(rewind), (rewind) => operations.rewind(id, rewind))
    ),
    archive: Effect.fn("Session.archive")(operations.archive),
    reactivate: Effect.fn("Session.reactivate")(operations.reactivate),
    delete: Effect.fn("Session.delete")(operations.delete),
    export: Effect.fn("Session.export")(operations.export)
  }

  return session
}
