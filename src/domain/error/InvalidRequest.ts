import * as Arr from "effect/Array"
import * as Equivalence from "effect/Equivalence"
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

  /**
   * Reports the first place where a schema found something wrong, and what it may be, without the value that is there. The
   * path begins with the name of the argument, if what was read has one.
   */
  static readonly fromParseError = (error: ParseResult.ParseError, argument?: string): InvalidRequest => {
    const issues = ParseResult.ArrayFormatter.formatIssueSync(withoutActual(error.issue))
      .map(({ message, path }) => ({ message, path: path.map(String) }))
    // A choice is tried branch by branch; the one that leads deepest is the one that was meant.
    const path = Arr.reduce(
      issues,
      issues[0]?.path ?? [],
      (deepest, { path }) => path.length > deepest.length ? path : deepest
    )
    // Where there are several ways to be right, there is an issue for each.
    const reasons = issues.filter((issue) => isSamePath(issue.path, path))
      .map(({ message }) => message.replace(/, actual .*/s, "").replace(/^Expected/, "must be"))
    return new InvalidRequest({
      path: argument === undefined ? path : [argument, ...path],
      reason: Arr.dedupe(reasons).join(", or ").slice(0, maxReasonLength)
    })
  }
}

/** To write down a value that is not to be told would take long where it is large. */
const withoutActual = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Type":
      return new ParseResult.Type(issue.ast, undefined, issue.message)
    case "Pointer":
      return new ParseResult.Pointer(issue.path, undefined, withoutActual(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, undefined, issue.kind, withoutActual(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(issue.ast, undefined, issue.kind, withoutActual(issue.issue))
    case "Composite":
      return new ParseResult.Composite(
        issue.ast,
        undefined,
        "_tag" in issue.issues ? withoutActual(issue.issues) : Arr.map(issue.issues, withoutActual)
      )
    default:
      return issue
  }
}

const isSamePath = Arr.getEquivalence(Equivalence.string)
