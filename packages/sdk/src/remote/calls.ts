/** Calls under way, as the owner keeps them. */
import type { ItemReply, Request } from './protocol.ts'

/** What is sent away with the arguments of one call, or stays here. */
export interface Luggage {
  readonly callbacks: ((...args: unknown[]) => unknown)[]
  readonly transfer: Set<Transferable>
  /** Hears of frames and bitmaps made for the call, to be closed where it is not sent. */
  onMade(picture: { close(): void }): void
}

/** A request before it has a number and arguments that can be sent. */
export type Wanted<Kind = Request> = Kind extends { readonly args: readonly unknown[] }
  ? Omit<Kind, 'id' | 'args'>
  : never

export interface Call {
  readonly id: number
  /** It has been posted, or will not be. */
  readonly sent: Promise<void>
  /** Nothing more of it is heard. */
  end(): void
}

export interface Handlers {
  onValue(value: unknown): void
  onError(error: unknown): void
  /** Of a stream: an element of its results, or what becomes of the iterable that it reads. */
  onItem?(reply: ItemReply): void
}

/** What streams are made of. */
export interface Calls {
  /** Those under way, by their numbers. */
  readonly pending: ReadonlyMap<number, unknown>
  post(request: Request, transfer?: Iterable<Transferable>): void
  open(wanted: Wanted, args: readonly unknown[], handlers: Handlers): Call
  /** `value` of the key `key` as it can be sent, for a call that was given `args`. */
  toSend(value: unknown, key: string, luggage: Luggage, args: readonly unknown[]): Promise<unknown>
}
