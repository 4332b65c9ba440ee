import * as Effect from "effect/Effect"
import { FileSystemType } from "./FileSystemType.js"

/** The numbers are Linux's; see statfs(2). */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x01021997, "9P"],
  [0x517b, "SMB"],
  [0x5346414f, "AFS"],
  [0x65735546, "FUSE"],
  [0x6969, "NFS"],
  [0x00c36400, "Ceph"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"]
])

/**
 * Logs a warning when a database lies on a network file system, where neither its locks nor its shared memory can be relied
 * upon. Local ones that run in FUSE are warned of too: from outside they look the same.
 */
export const warnOfNetworkFileSystem = (filename: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    const typeOf = yield* FileSystemType
    const name = networkFileSystems.get((yield* typeOf(filename)) >>> 0)
    if (name === undefined) return
    yield* Effect.logWarning(
      `The database is on a network file system (${name}): keep it on a local disk, or a second process may damage it`
    )
  })
