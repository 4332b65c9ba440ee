import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TurnEvent } from "../domain/TurnEvent.js"
import type { SendInput, Session } from "../services/Session.js"
import { outcomeText } from "./outcomeText.js"
import { visible } from "./visible.js"

const encodeEvent = Schema.encodeSync(Schema.parseJson(TurnEvent))

/**
 * Says something and prints the reply while it arrives: its text, or one line of JSON for each event. A person is told too
 * when there is something to wait for.
 */
export const printTurn = (session: Session, input: SendInput, json: boolean) =>
  json
    ? Stream.runForEach(session.stream(input), (event) => Console.log(encodeEvent(event)))
    : Effect.gen(function*() {
      const terminal = yield* Terminal.Terminal
      const printed = yield* Ref.make("")
      const print = (event: TurnEvent) => {
        switch (event._tag) {
          case "TurnAccepted":
            return event.outcome === "started" ? Effect.void : Console.error(`(${outcomeText[event.outcome]})`)
          case "TurnDelta":
            return Effect.zipRight(Ref.set(printed, "\n"), terminal.display(visible(event.text)))
          default:
            return Effect.void
        }
      }
      yield* Stream.runForEach(session.stream(input), print).pipe(
        // What was begun is ended with its line, also when it broke off.
        Effect.ensuring(Effect.orDie(Effect.flatMap(Ref.get(printed), terminal.display)))
      )
    })
