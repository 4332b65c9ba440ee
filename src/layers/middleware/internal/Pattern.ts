import type { RE2JS } from "re2js"

/** A pattern as it is given: its source in the syntax of RE2, and flags: `i` any case, `s` dot takes line ends, `m` `^` and `$` at lines. */
export type PatternInput = string | { readonly source: string; readonly flags?: string }

/** One that is compiled, with its place among those given. */
export interface Pattern {
  readonly index: number
  readonly regex: RE2JS
}
