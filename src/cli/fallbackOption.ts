import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import type { ProviderTarget } from "../domain/ProviderTarget.js"

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
