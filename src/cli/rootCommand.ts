import * as Command from "@effect/cli/Command"
import { chat } from "./chat.js"
import { exportSession } from "./exportSession.js"
import { list } from "./list.js"
import { messages } from "./messages.js"
import { send } from "./send.js"
import { serve } from "./serve.js"
import { show } from "./show.js"

/**
 * The `langswarm-session` command.
 */
export const rootCommand = Command.make("langswarm-session").pipe(
  Command.withDescription("Conversations with language models that nothing can lose"),
  Command.withSubcommands([serve, chat, send, list, show, messages, exportSession])
)
