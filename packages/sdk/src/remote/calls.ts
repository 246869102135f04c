/** Calls of the classifiers of another thread, as their owner has them. */
import type { MobileOneError } from '@mobileone/core'
import type { Facts, MethodName, Reply, Request } from './protocol.ts'

/** What is sent away with the arguments of one call, or stays here. */
export interface Luggage {
  /** All that the call was given, where limits may stand: the last that says one holds. */
  readonly args: readonly unknown[]
  readonly callbacks: ((...args: unknown[]) => unknown)[]
  readonly transfer: Set<Transferable>
  /** Frames and bitmaps made for the call, to be closed where it is not sent. */
  readonly made: Promise<ImageBitmap | VideoFrame>[]
  /** The signal among the arguments. */
  signal?: AbortSignal
}

/** What is thrown of an element that cannot be read, for `refuse` to tell why. */
export interface Unreadable {
  readonly element: HTMLVideoElement & HTMLImageElement
  /** What was thrown: where it has more pixels than `maxPixels`, that number. */
  readonly cause: unknown
}

/** A worker of a page, or a thread of Node. What is posted after its end is lost. */
export interface Thread {
  postMessage(request: Request, transfer: Transferable[]): unknown
  terminate(): unknown
}

/** A request before it has a number and arguments that can be sent. */
export type Wanted<Kind = Request> = Kind extends { readonly args: readonly unknown[] }
  ? Omit<Kind, 'id' | 'args'>
  : never

/** What becomes of the replies to a call, by their types. */
export type Handlers = {
  readonly [Type in Reply['type']]?: (reply: Extract<Reply, { readonly type: Type }>) => void
}

export interface Call extends Handlers {
  /** Fail with `error`, whatever the thread says. */
  cancel(error: unknown): void
}

export interface Connection {
  /** Those under way, by their numbers. */
  readonly pending: ReadonlyMap<number, Call>
  readonly thread: Thread
  /** The thread's answer. `handlers` are for what a stream is told beside it. */
  ask(wanted: Wanted, args: readonly unknown[], handlers?: Handlers): Promise<unknown>
  /** `value` as it can be sent, with what goes with it in `luggage`. */
  toSend(value: unknown, luggage: Luggage): Promise<unknown>
  /** For the platform: what the thread posted. */
  receive(reply: Reply): void
  /** For the platform: end the thread. Everything that waits, and every later call, fails with the first `error`. */
  fail(error: MobileOneError): void
}

/** Where the calls of classifiers go. */
export interface Calls extends Pick<Connection, 'fail'> {
  ask(wanted: Exclude<Wanted, { readonly type: 'create' }>, args: readonly unknown[]): Promise<unknown>
  /**
   * Refuses what `setOptions` was given, where that can be told here.
   * @throws MobileOneError `invalid-argument`.
   */
  readonly check?: (options: object, facts: Facts) => void
  /** How streams are opened, where that is not by `stream` of a connection. */
  readonly stream?: (
    handle: number,
    method: MethodName,
    args: readonly unknown[],
  ) => AsyncGenerator<unknown, void, undefined>
}

/** Close the frames and bitmaps that were made for what is not sent. */
export function discard({ made }: Luggage): void {
  for (const picture of made) picture.then((it) => it.close()).catch(() => {})
}
