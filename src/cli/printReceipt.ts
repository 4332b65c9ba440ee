import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SessionId } from "../domain/SessionId.js"
import { TurnReceipt } from "../domain/TurnReceipt.js"
import type { SendInput, Session } from "../services/Session.js"
import { outcomeText } from "./outcomeText.js"
import { printJson } from "./printJson.js"

// With the session, which may have been started for it.
const Receipt = Schema.Struct({ sessionId: SessionId, ...TurnReceipt.fields })

/**
 * Says something and prints what it has become once it is stored.
 */
export const printReceipt = Effect.fnUntraced(function*(session: Session, input: SendInput, json: boolean) {
  const receipt = yield* session.submit(input)
  yield* json
    ? printJson(Receipt, { sessionId: session.id, ...receipt })
    : Console.log(`turn ${receipt.turnId} is stored: ${outcomeText[receipt.outcome]}`)
})
