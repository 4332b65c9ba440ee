import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { errorFields } from "./internal/errorFields.js"

const maxReasonLength = 300

/**
 * The input is malformed. `path` leads to the offending field; the offending value is never repeated.
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  ...errorFields("invalid_request"),
  path: Schema.Array(Schema.String),
  reason: Schema.String
}) {
  override get message(): string {
    return this.path.length === 0 ? `The request ${this.reason}` : `"${this.path.join(".")}" ${this.reason}`
  }

  /** Reports the first problem that a schema found, without the value it found it in. */
  static readonly fromParseError = (error: ParseResult.ParseError): InvalidRequest => {
    const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]
    const path = issue?.path.map(String) ?? []
    const [reason = ""] = (issue?.message ?? "cannot be read").split(", actual ")
    return new InvalidRequest({ path, reason: reason.replace(/^Expected/, "must be").slice(0, maxReasonLength) })
  }
}
