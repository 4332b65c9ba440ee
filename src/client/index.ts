export type { SendInput, Session } from "../services/Session.js"
export { SessionManager } from "../services/SessionManager.js"
export * as SessionClient from "./SessionClient.js"
