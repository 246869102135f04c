/**
 * What passes between a classifier's owner and the thread it lives on: the one protocol of the worker of pages and of the
 * thread pool of Node. Not responsible for how threads start (`worker.ts`, `node.ts`) or for what a classifier does.
 */
import type { PackedModel } from '@mobileone/backend-wasm'
import type { Model } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'

/** What a classifier is beside what it can do: its fields that can be sent. */
export type Facts = Readonly<Record<string, unknown>>

export type MethodName = {
  [Name in keyof Classifier]: Name extends 'dispose' | symbol
    ? never
    : Classifier[Name] extends (...given: never) => unknown
      ? Name
      : never
}[keyof Classifier]

/**
 * `call` answers once; `all` too, and is for every thread of a pool; `each` takes an iterable, which is read as far as results are
 * asked for, and answers with an iterable of a result for each; `classifier` answers with another classifier on the same thread;
 * `owner` runs on the owner's thread.
 */
export type MethodKind = 'call' | 'all' | 'each' | 'classifier' | 'owner'

export type Methods = Readonly<Record<MethodName, MethodKind>>

/** What a classifier can do. */
export const methods: Methods = {
  classify: 'call',
  classifyEach: 'each',
  watch: 'owner',
  embed: 'call',
  embedEach: 'each',
  similarity: 'call',
  nearest: 'call',
  logits: 'call',
  profile: 'call',
  setOptions: 'owner',
  fewShot: 'classifier',
  withHead: 'classifier',
  quantize: 'call',
  getModel: 'call',
  warmUp: 'all',
}

/** Where the methods of a classifier run. `defaults` are options where those among the arguments do not say. */
export interface Remote {
  call(method: MethodName, args: readonly unknown[], defaults: object): Promise<unknown>
  stream(method: MethodName, args: readonly unknown[]): AsyncGenerator<unknown, void, undefined>
  make(method: MethodName, args: readonly unknown[], defaults: object): Promise<Classifier>
  dispose(): Promise<void>
}

/** From the owner. `id` names a call, `handle` a classifier of the thread, `key` a callback or an iterable among the arguments. */
export type Request =
  /** The owner listens. The thread is to hold the lock `lock` as long as it lives. */
  | { readonly type: 'hello'; readonly lock?: string | undefined }
  /** The arguments are options and, of a pool, a {@link Share}; the answer is {@link Created}. */
  | {
      readonly type: 'create'
      readonly id: number
      readonly handle: number
      readonly args: readonly unknown[]
      /** What relative addresses are relative to. */
      readonly base?: string | undefined
    }
  | {
      readonly type: 'call'
      readonly id: number
      readonly handle: number
      readonly method: MethodName
      /** What a classifier that the call makes is to be called. */
      readonly into?: number | undefined
      /** Options where those among the arguments do not say. */
      readonly defaults?: object | undefined
      readonly args: readonly unknown[]
    }
  | {
      readonly type: 'close'
      readonly id: number
      readonly handle: number
      readonly args: readonly unknown[]
    }
  | { readonly type: 'abort' | 'next'; readonly id: number }
  | { readonly type: 'item'; readonly id: number; readonly key: number; readonly item: Item }

/** From the thread. */
export type Reply =
  /** The thread listens. It holds the lock that it was told of, until it ends. */
  | { readonly type: 'hello' | 'held' }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: unknown }
  | { readonly type: 'event'; readonly id: number; readonly key: number; readonly args: readonly unknown[] }
  | ItemReply

/** An element of a stream's results, or what is to become of the iterable that it reads: one element more, or the end. */
export type ItemReply =
  | { readonly type: 'item'; readonly id: number; readonly value: unknown }
  | { readonly type: 'pull' | 'stop'; readonly id: number; readonly key: number }

/** An element of an iterable that is read across threads. */
export type Item =
  | { readonly done: true }
  | { readonly done: false; readonly value: unknown }
  | { readonly done: false; readonly error: unknown }

/** What the threads of a pool have in common. */
export interface Share {
  /** How many there are, and which of them, from 0, this one is. */
  readonly threads: number
  readonly thread: number
  /** What the first one answered: the model that wasm packed, where that runs it. */
  readonly packed: PackedModel | undefined
}

/** What making a classifier answers. */
export interface Created extends Pick<Share, 'packed'> {
  /** What can be called. */
  readonly methods: Methods
  readonly facts: Facts
  /** Of a pool: with its weights in shared memory. */
  readonly model: Model | undefined
}
