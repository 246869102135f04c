import type { ClaimedPartial, PartialHeader, PartialStore, PartialWriter } from '../cache.ts'
import { node } from './builtins.ts'
import { hashOfKey, namesIn, unlessMissing } from './files.ts'

type FileHandle = import('node:fs/promises').FileHandle

const maxHeaderBytes = 4096
/** An unfinished download of another machine is taken over when nothing was written to it for so long. */
const abandonedAfterMs = 10 * 60 * 1000

/**
 * A `.part` file is one line of JSON and the bytes so far. While it is written, its name carries its writer:
 * `<key>.<host>-<pid>-<random>.part`. One that was left is `<key>.part`; to continue it is to rename it, which only one
 * process can do.
 */
export function diskPartialFiles(folder: string): PartialStore {
  const { fs, path } = node
  const freePath = (key: string): string => path.join(folder, `${hashOfKey(key)}.part`)
  const ownPath = (key: string): string => {
    const random = node.crypto.randomBytes(4).toString('hex')
    return path.join(folder, `${hashOfKey(key)}.${hostId()}-${node.process.pid}-${random}.part`)
  }
  const writer = (key: string, own: string, file: FileHandle): PartialWriter => ({
    async append(chunk: Uint8Array): Promise<void> {
      await file.appendFile(chunk)
    },
    async keep(): Promise<void> {
      await file.close()
      await fs.rename(own, freePath(key))
    },
    async discard(): Promise<void> {
      await file.close()
      await fs.rm(own, { force: true })
    },
  })

  return {
    async claim(key: string, maxBytes: number): Promise<ClaimedPartial | undefined> {
      for (const candidate of await findAbandoned(folder, hashOfKey(key))) {
        const own = ownPath(key)
        try {
          await fs.rename(candidate, own)
        } catch (error) {
          unlessMissing(error)
          continue
        }
        const content = await readPart(own, maxBytes)
        if (content) return { ...content, writer: writer(key, own, await fs.open(own, 'a')) }
        await fs.rm(own, { force: true })
      }
      return undefined
    },
    async create(key: string, header: PartialHeader): Promise<PartialWriter> {
      await fs.mkdir(folder, { recursive: true })
      const own = ownPath(key)
      const file = await fs.open(own, 'ax')
      await file.appendFile(`${JSON.stringify(header)}\n`)
      return writer(key, own, file)
    },
  }
}

/** The parts of a key that nobody is writing. */
async function findAbandoned(folder: string, key: string): Promise<string[]> {
  const { fs, path } = node
  const found: string[] = []
  for (const name of await namesIn(folder)) {
    if (!name.startsWith(`${key}.`) || !name.endsWith('.part')) continue
    const file = path.join(folder, name)
    const owner = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.part$/.exec(name)
    const stat = await fs.stat(file).catch(unlessMissing)
    if (!stat) continue
    const isLocal = owner?.[1] === hostId()
    const isFree =
      !owner || (isLocal ? !isRunning(Number(owner[2])) : Date.now() - stat.mtimeMs > abandonedAfterMs)
    if (isFree) found.push(file)
  }
  return found
}

async function readPart(
  file: string,
  maxBytes: number,
): Promise<{ header: PartialHeader; bytes: Uint8Array } | undefined> {
  const { fs } = node
  if ((await fs.stat(file)).size > maxBytes + maxHeaderBytes) return undefined
  const content = await fs.readFile(file)
  const end = content.subarray(0, maxHeaderBytes).indexOf(0x0a)
  if (end === -1) return undefined
  try {
    const header = JSON.parse(content.toString('utf8', 0, end)) as PartialHeader
    if (typeof header.validator !== 'string') return undefined
    return {
      header,
      bytes: new Uint8Array(content.buffer, content.byteOffset + end + 1, content.length - end - 1),
    }
  } catch {
    return undefined
  }
}

function hostId(): string {
  return node.crypto.createHash('sha256').update(node.os.hostname()).digest('hex').slice(0, 8)
}

function isRunning(pid: number): boolean {
  try {
    node.process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
