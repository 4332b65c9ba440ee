import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { HookName, SessionId } from "../domain/Ids.js"
import { DateTimeFromInput } from "../domain/Input.js"
import { Role } from "../domain/Message.js"
import type { ProviderTarget } from "../domain/Provider.js"
import type { SendMessage } from "../domain/Send.js"
import { SessionStatus } from "../domain/Session.js"
import { BusyPolicy, OnUnknown } from "../domain/Turn.js"
import {
  argument,
  checked,
  choice,
  duration,
  flag,
  integer,
  option,
  optionOr,
  repeatedOption,
  text
} from "./parameters.js"

/**
 * Prints JSON, for programs, instead of text, for people.
 */
export const json = flag("json", "Print JSON")

/**
 * The session that a command is about.
 */
export const sessionId = argument(text("ID"), "The session's id, as list prints it")

/**
 * The turn that a command is about.
 */
export const turnId = argument(text("TURN"), "The turn's id, as pending prints it")

export const role = option("role", choice(...Role.literals), "Only messages of this role")
export const status = option("status", choice(...SessionStatus.literals), "Only sessions with this status")

/**
 * A moment, such as the start of a period.
 */
export const moment = (name: string, description: string) =>
  option(
    name,
    checked("DATE", "an ISO 8601 date, with a time if need be, such as 2026-01-31T12:00:00Z", DateTimeFromInput),
    description
  )

/**
 * Which part of a list to print.
 */
export const pageOptions = {
  limit: optionOr("limit", integer(1, 500), "Most items to print, up to 500", "50"),
  cursor: option("cursor", text("CURSOR"), "Print what follows an earlier page")
}

export const toPageQuery = (options: { readonly limit: number; readonly cursor: Option.Option<string> }) => ({
  limit: options.limit,
  ...(Option.isSome(options.cursor) && { cursor: options.cursor.value })
})

/**
 * Which dead letters.
 */
export const deadLetterOptions = {
  hook: option("hook", checked("HOOK", "a hook's name", HookName), "Only dead letters of this hook"),
  session: option("session", checked("ID", "a session's id", SessionId), "Only dead letters of this session")
}

export const toDeadLetterQuery = (
  options: { readonly hook: Option.Option<string>; readonly session: Option.Option<string> }
) => ({
  ...(Option.isSome(options.hook) && { hook: options.hook.value }),
  ...(Option.isSome(options.session) && { sessionId: SessionId.make(options.session.value) })
})

/**
 * `--fallback openai/gpt-5 --fallback anthropic/claude-opus-5`: what to call when the provider fails, in this order.
 */
export const fallback = repeatedOption<typeof ProviderTarget.Encoded>(
  "fallback",
  {
    placeholder: "PROVIDER/MODEL",
    expected: "PROVIDER/MODEL, such as openai/gpt-5",
    read: (text) => {
      const [, provider, model] = /^([^/]+)\/(.+)$/.exec(text) ?? []
      return provider === undefined || model === undefined ? Option.none() : Option.some({ provider, model })
    }
  },
  "Model to call when the provider fails; may be repeated"
)

/**
 * How a message is to be answered.
 */
export const sendOptions = {
  whenBusy: option(
    "when-busy",
    choice(...BusyPolicy.literals),
    "What to do while another turn runs. Default: the session's setting, or queue"
  ),
  timeout: option("timeout", duration, "Longest time from the message to its reply. Default: the server's limit"),
  onUnknown: option(
    "on-unknown",
    choice(...OnUnknown.literals),
    "What to do when a failure leaves open whether the provider answered; retry may be billed twice. Default: interrupt"
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
