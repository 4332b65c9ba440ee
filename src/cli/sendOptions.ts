import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { BusyPolicy } from "../domain/BusyPolicy.js"
import { OnUnknown } from "../domain/OnUnknown.js"
import type { SendMessage } from "../domain/SendMessage.js"

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
