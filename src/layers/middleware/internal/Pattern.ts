import type { RE2JS } from "re2js"

/** One that is compiled, with its place among those given. */
export interface Pattern {
  readonly index: number
  readonly regex: RE2JS
}
