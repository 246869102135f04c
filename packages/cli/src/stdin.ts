import { addAbortSignal } from 'node:stream'
import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { UsageError } from './command.ts'

/** What stands for standard input where a path is wanted. */
export const stdinName = '-'

/** As for downloads. */
const maxBytes = 2 ** 30

let reader: string | undefined

/**
 * All of standard input.
 * @param what Reads it, for messages. @throws UsageError where something else reads it or nothing is piped in.
 */
export async function readStdin(what: string, signal: AbortSignal): Promise<Uint8Array> {
  if (reader !== undefined) {
    throw new UsageError(
      `${stdinName} is standard input, which ends once it was read: ${reader} has it already`,
    )
  }
  reader = what
  const { stdin } = process
  if (stdin.isTTY) {
    throw new UsageError(`${stdinName} reads ${what} from standard input, and nothing is piped into it`)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of addAbortSignal(signal, stdin) as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxBytes) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throwIfAborted(signal, `reading ${what} from standard input`)
    throw new MobileOneError('invalid-file', `cannot read standard input: ${(cause as Error).message}`, {
      cause,
    })
  }
  if (length === 0 || length > maxBytes) {
    const problem = length === 0 ? 'is empty' : `has more than the ${maxBytes} bytes allowed`
    throw new MobileOneError('invalid-file', `standard input, from which ${what} should come, ${problem}`)
  }
  return Buffer.concat(chunks)
}
