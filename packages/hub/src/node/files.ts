import { isMissing, node } from './builtins.ts'

/** A file name for a key of any length and characters. */
export function hashOfKey(key: string): string {
  return node.crypto.createHash('sha256').update(key).digest('hex').slice(0, 32)
}

/** The names in a folder; none when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await node.fs.readdir(folder).catch(unlessMissing)) ?? []
}

/** For `.catch`: undefined when nothing was there, else the error again. */
export function unlessMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined
  throw error
}

/** Write under a temporary name and rename: a reader sees the old file or the new one. */
export async function writeAtomically(file: string, data: Uint8Array | string): Promise<void> {
  const { fs, path, crypto } = node
  await fs.mkdir(path.dirname(file), { recursive: true })
  const temporary = `${file}.${node.process.pid}-${crypto.randomBytes(4).toString('hex')}.tmp`
  try {
    await fs.writeFile(temporary, data)
    await fs.rename(temporary, file)
  } catch (error) {
    await fs.rm(temporary, { force: true })
    throw error
  }
}
