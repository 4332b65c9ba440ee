import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { HookName, SessionId } from "../domain/Ids.js"
import type { ProviderTarget } from "../domain/Provider.js"
import type { SendMessage } from "../domain/Send.js"
import { BusyPolicy, OnUnknown } from "../domain/Turn.js"

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

/**
 * `--fallback openai/gpt-5 --fallback anthropic/claude-opus-5`: who is asked when the provider cannot answer, in this order.
 */
export const fallbackOption = Options.text("fallback").pipe(
  Options.withDescription("Who is asked when the provider cannot answer, as PROVIDER/MODEL; may be repeated"),
  Options.repeated,
  Options.filterMap(
    (texts) => Option.all(texts.map(toTarget)),
    "--fallback must be PROVIDER/MODEL, such as openai/gpt-5"
  )
)

const toTarget = (text: string): Option.Option<typeof ProviderTarget.Encoded> => {
  const [, provider, model] = /^([^/]+)\/(.+)$/.exec(text) ?? []
  return provider === undefined || model === undefined ? Option.none() : Option.some({ provider, model })
}

/**
 * Whether to print JSON, for programs, instead of text, for people.
 */
export const json = Options.boolean("json").pipe(Options.withDescription("Print JSON"))

/**
 * Which part of a list to print.
 */
export const pageOptions = {
  limit: Options.integer("limit").pipe(Options.withDescription("How many, 500 at most"), Options.withDefault(50)),
  cursor: Options.text("cursor").pipe(Options.withDescription("Where an earlier page ended"), Options.optional)
}

export const toPageQuery = (options: { readonly limit: number; readonly cursor: Option.Option<string> }) => ({
  limit: options.limit,
  ...(Option.isSome(options.cursor) && { cursor: options.cursor.value })
})

/**
 * How what is said is to be answered.
 */
export const sendOptions = {
  whenBusy: Options.choice("when-busy", BusyPolicy.literals).pipe(
    Options.withDescription(
      "What to do while another turn runs; as the session says if left out, and queue if it does not"
    ),
    Options.optional
  ),
  timeout: Options.text("timeout").pipe(
    Options.withDescription("How long the answer may take, such as \"30 seconds\""),
    Options.filterMap(Duration.decodeUnknown, "--timeout must be a length of time, such as \"30 seconds\""),
    Options.optional
  ),
  onUnknown: Options.choice("on-unknown", OnUnknown.literals).pipe(
    Options.withDescription(
      "When a crash or a broken connection leaves open whether the provider answered: interrupt, or retry, which may be billed twice"
    ),
    Options.optional
  )
}

interface SendOptions {
  readonly whenBusy: Option.Option<BusyPolicy>
  readonly timeout: Option.Option<Duration.Duration>
  readonly onUnknown: Option.Option<OnUnknown>
}

export const toSendMessage = (
  content: string,
  key: Option.Option<string>,
  { onUnknown, timeout, whenBusy }: SendOptions
): typeof SendMessage.Encoded => ({
  content,
  ...(Option.isSome(key) && { key: key.value }),
  ...(Option.isSome(whenBusy) && { whenBusy: whenBusy.value }),
  ...(Option.isSome(timeout) && { timeout: timeout.value }),
  ...(Option.isSome(onUnknown) && { onUnknown: onUnknown.value })
})

/**
 * The session that a command is about.
 */
export const sessionId = Args.text({ name: "id" }).pipe(Args.withDescription("The session's id"))

/**
 * The turn that a command is about.
 */
export const turnId = Args.text({ name: "turn" }).pipe(Args.withDescription("The turn's id, as pending prints it"))
