import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { isMobileOneError, MobileOneError, type Tensor, throwIfAborted } from '@mobileone/core'
import { decodeReply, encodeTensors, FrameReader, kinds, protocolVersion, type Reply } from './protocol.ts'

/** How long a helper that was told to end may take before it is killed, in milliseconds. */
const grace = 5000
/** Bytes beyond its outputs that a reply may have: names, sizes, or the text of an error. */
const overhead = 1 << 20
/** Characters of standard error kept for messages. */
const keptErrors = 2000

interface Pending {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** A running helper with a model loaded. Requests are answered in order; it ends by `close` or by its own misfortune. */
export class HelperProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #pending: Pending[] = []
  readonly #ended: Promise<void>
  #lost: MobileOneError | undefined
  #closing = false
  #errors = ''

  private constructor(command: string, args: readonly string[], outputBytes: number) {
    this.#child = spawn(command, args, { stdio: 'pipe' })
    const frames = new FrameReader(outputBytes + overhead)
    this.#child.stdout.on('data', (piece: Uint8Array) => {
      if (this.#lost) return
      try {
        for (const payload of frames.push(piece)) this.#answer(decodeReply(payload))
      } catch (error) {
        this.#lose(isMobileOneError(error) ? error.message : String(error))
        this.#child.kill('SIGKILL')
      }
    })
    this.#child.stderr.on('data', (piece: Uint8Array) => {
      this.#errors = (this.#errors + new TextDecoder().decode(piece)).slice(-keptErrors)
    })
    // Writing to a helper that has just ended; its end is reported by `close`.
    this.#child.stdin.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#lose(`the Core ML helper could not be started: ${error.message}`)
        resolve()
      })
      this.#child.on('close', (code, signal) => {
        const how = signal === null ? `with the exit code ${code}` : `by ${signal}`
        const errors = this.#errors.trim()
        this.#lose(
          `the Core ML helper ended ${how}${errors === '' ? '' : `, saying "${errors}"`}; compile the model again`,
        )
        resolve()
      })
    })
  }

  /**
   * Start a helper and wait until it has loaded its model.
   * @param outputBytes Of the elements of one run's outputs.
   * @throws MobileOneError `invalid-model` where Core ML refuses the model, `device-lost` where the helper ends, `aborted`.
   */
  static async start(
    command: string,
    args: readonly string[],
    outputBytes: number,
    signal?: AbortSignal,
  ): Promise<HelperProcess> {
    const what = 'loading a model with Core ML'
    throwIfAborted(signal, what)
    const helper = new HelperProcess(command, args, outputBytes)
    try {
      const reply = await helper.#next(signal, what)
      if (reply.kind === 'refused')
        throw new MobileOneError('invalid-model', `Core ML refused the package: ${reply.message}`)
      if (reply.kind !== 'ready' || reply.version !== protocolVersion) {
        throw new MobileOneError(
          'device-lost',
          `the Core ML helper started with "${reply.kind}" and not with version ${protocolVersion} of the protocol`,
        )
      }
      helper.#hold(false)
      return helper
    } catch (error) {
      helper.#child.kill('SIGKILL')
      await helper.#ended
      throw error
    }
  }

  /**
   * Run the model once. The inputs are copied before this returns.
   * @throws MobileOneError `device-lost` where the helper has ended, `unavailable` where Core ML could not predict, `aborted`.
   */
  async run(
    inputs: Iterable<readonly [name: string, value: Tensor]>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, Tensor>> {
    if (this.#lost) throw this.#lost
    const frame = encodeTensors(kinds.run, inputs)
    const answer = this.#next(signal, 'a run on Core ML')
    this.#child.stdin.write(frame)
    const reply = await answer
    if (reply.kind === 'outputs') return reply.tensors
    if (reply.kind === 'failed')
      throw new MobileOneError('unavailable', `Core ML could not run the model: ${reply.message}`)
    this.#lose(`the Core ML helper answered a run with "${reply.kind}"; compile the model again`)
    this.#child.kill('SIGKILL')
    throw this.#lost
  }

  /** Tell the helper to end, and wait until it has; a helper that does not is killed. */
  async close(): Promise<void> {
    this.#closing = true
    this.#hold(true)
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), grace)
    await this.#ended
    clearTimeout(timer)
  }

  /** The next reply. An aborted wait ends at once, and the reply is dropped when it comes. */
  #next(signal: AbortSignal | undefined, what: string): Promise<Reply> {
    this.#hold(true)
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost)
        return
      }
      const abort = (): void => {
        reject(new MobileOneError('aborted', `${what} was aborted`, { cause: signal?.reason }))
      }
      signal?.addEventListener('abort', abort, { once: true })
      const settle = (): void => signal?.removeEventListener('abort', abort)
      this.#pending.push({
        resolve: (reply) => {
          settle()
          resolve(reply)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
    })
  }

  #answer(reply: Reply): void {
    const pending = this.#pending.shift()
    if (!pending) {
      this.#lose(`the Core ML helper sent "${reply.kind}" without being asked; compile the model again`)
      this.#child.kill('SIGKILL')
      return
    }
    if (this.#pending.length === 0 && !this.#closing) this.#hold(false)
    pending.resolve(reply)
  }

  #lose(message: string): void {
    this.#lost ??= new MobileOneError('device-lost', message)
    for (const { reject } of this.#pending.splice(0)) reject(this.#lost)
  }

  /** An idle helper must not keep its host alive: it ends when its input does. */
  #hold(on: boolean): void {
    const handles = [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr] as readonly {
      ref?(): void
      unref?(): void
    }[]
    for (const handle of handles) {
      if (on) handle.ref?.()
      else handle.unref?.()
    }
  }
}
