import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import { HookName } from "../domain/HookName.js"
import { SessionId } from "../domain/SessionId.js"

/**
 * Which dead letters.
 */
export const deadLetterOptions = {
  hook: Options.text("hook").pipe(
    Options.withSchema(HookName),
    Options.withDescription("Only those of this hook"),
    Options.optional
  ),
  session: Options.text("session").pipe(
    Options.withSchema(SessionId),
    Options.withDescription("Only those about this session"),
    Options.optional
  )
}

export const toDeadLetterQuery = (
  options: { readonly hook: Option.Option<string>; readonly session: Option.Option<SessionId> }
) => ({
  ...(Option.isSome(options.hook) && { hook: options.hook.value }),
  ...(Option.isSome(options.session) && { sessionId: options.session.value })
})
