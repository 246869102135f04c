import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { checkSize } from '../limits.ts'
import type { ReadFileOptions } from '../platform.ts'
import { isMissing, node } from './builtins.ts'

const stepBytes = 4 * 2 ** 20

/** Read a regular file of at most `maxBytes`, in steps of 4 MiB between which it can be aborted. */
export async function readFile(path: string, options: ReadFileOptions): Promise<Uint8Array> {
  const { file, size } = await open(path)
  try {
    checkSize(path, size, options.maxBytes)
    const bytes = new Uint8Array(size)
    for (let done = 0; done < bytes.length; ) {
      throwIfAborted(options.signal, `reading ${path}`)
      const { bytesRead } = await file.read(bytes, done, Math.min(stepBytes, bytes.length - done))
      if (bytesRead === 0) {
        throw new MobileOneError(
          'invalid-file',
          `${path} became shorter while it was read: ${done} of ${bytes.length} bytes`,
        )
      }
      done += bytesRead
      options.onRead(done, bytes.length)
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function open(path: string): Promise<{ file: import('node:fs/promises').FileHandle; size: number }> {
  try {
    // Before it is opened: opening a pipe waits for its writer.
    const stat = await node.fs.stat(path)
    if (!stat.isFile()) throw new MobileOneError('invalid-argument', `${path} is not a regular file`)
    return { file: await node.fs.open(path, 'r'), size: stat.size }
  } catch (cause) {
    if (cause instanceof MobileOneError) throw cause
    const message = isMissing(cause)
      ? `there is no file ${path} (in ${node.process.cwd()}); check the path`
      : `cannot open ${path}: ${(cause as Error).message}`
    throw new MobileOneError('invalid-argument', message, { cause })
  }
}
