import { execArgv } from 'node:process'
import { Worker } from 'node:worker_threads'
import { MobileOneError } from '@mobileone/core'
import type { Connection } from './calls.ts'
import { connect } from './connection.ts'
import { disposal } from './failed.ts'
import type { Reply } from './protocol.ts'

export interface PoolThread {
  readonly connection: Connection
  /** Nothing of it runs any more. */
  readonly ended: Promise<void>
  /** Whether the process stays alive for it. */
  hold(isHeld: boolean): void
  /** End it now, without being told of as lost. */
  end(): void
}

/** Start a thread of Node from the module at `address`. @param onLost Hears once why it ended, unless it was ended here. */
export function startThread(address: string | URL, onLost: (reason: string) => void): PoolThread {
  // Node refuses a thread from a file where the process was started with --input-type.
  const worker = new Worker(address, {
    execArgv: execArgv.filter((flag) => !flag.startsWith('--input-type')),
  })
  const connection = connect({
    postMessage: (request, transfer) => worker.postMessage(request, transfer as never),
    terminate: () => worker.terminate(),
  })
  let hasStarted = false
  let hasEnded = false
  const lose = (reason: string): void => {
    if (hasEnded) return
    hasEnded = true
    connection.fail(
      hasStarted
        ? new MobileOneError(
            'device-lost',
            `a thread of the pool stopped: ${reason}; call again, another takes its place`,
          )
        : new MobileOneError(
            'unavailable',
            `a thread of the pool did not start: ${reason}; check the option worker`,
          ),
    )
    onLost(reason)
  }
  worker.on('message', (reply: Reply) => {
    hasStarted = true
    connection.receive(reply)
  })
  worker.on('messageerror', () => lose('a message could not be read'))
  worker.on('error', (error: Error) => lose(error.message))
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      resolve()
      lose(`it ended with code ${code}`)
    })
  })
  return {
    connection,
    ended,
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end() {
      hasEnded = true
      connection.fail(disposal())
    },
  }
}
