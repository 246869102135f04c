import type { Connection } from './calls.ts'
import type { MethodName, Share } from './protocol.ts'

/** A network as it is made anew: the options of `createClassifier`, with weights that are shared. */
type Source = Readonly<Record<string, unknown>>

interface Entry {
  readonly source: Source
  readonly packed: Share['packed']
  /** The head that is put on the network; undefined for its own. */
  readonly head?: unknown
  readonly calls: Map<MethodName, readonly unknown[]>
}

/** The classifiers that every thread of a pool has, so that a new thread can be made the same. */
export class Opened {
  readonly #entries = new Map<number, Entry>()
  #count = 0

  /** A handle that was never given out. */
  next(): number {
    return this.#count++
  }

  addModel(handle: number, source: Source, packed: Share['packed']): void {
    this.#entries.set(handle, { source, packed, calls: new Map() })
  }

  addHead(handle: number, on: number, head: unknown): void {
    const { source, packed } = this.#entries.get(on) as Entry
    this.#entries.set(handle, { source, packed, head, calls: new Map() })
  }

  delete(handle: number): void {
    this.#entries.delete(handle)
  }

  /** A call that a new thread has to be given too, in the place of an earlier one of the same method. */
  record(handle: number, method: MethodName, args: readonly unknown[]): void {
    this.#entries.get(handle)?.calls.set(method, args)
  }

  /**
   * Make them on another thread, the one numbered `thread`: each network once, for as many heads as it has. `ready` is called as soon
   * as the thread has what stands here, no more and no less; what is disposed of before that is closed there.
   */
  async openOn(connection: Connection, share: Omit<Share, 'packed'>, ready: () => void): Promise<void> {
    const made = new Set<number>()
    const close = (handle: number): Promise<unknown> => {
      made.delete(handle)
      return connection.ask({ type: 'close', handle }, [])
    }
    for (;;) {
      const gone = [...made].filter((handle) => !this.#entries.has(handle))
      const missing = [...this.#entries].filter(([handle]) => !made.has(handle))
      if (gone.length + missing.length === 0) return ready()
      for (const handle of gone) await close(handle)
      for (const source of new Set(missing.map(([, entry]) => entry.source))) {
        const mine = missing.filter(([, entry]) => entry.source === source)
        const own = mine.find(([, { head }]) => head === undefined)
        const network = own ? own[0] : this.next()
        await connection.ask({ type: 'create', handle: network }, [
          source,
          { ...share, packed: mine[0]?.[1].packed },
        ])
        made.add(network)
        for (const [handle, { head, calls }] of mine) {
          if (!this.#entries.has(handle)) continue
          if (head) {
            await connection.ask({ type: 'call', handle: network, method: 'withHead', into: handle }, [
              undefined,
              head,
            ])
            made.add(handle)
          }
          for (const [method, args] of calls) await connection.ask({ type: 'call', handle, method }, args)
        }
        if (!own) await close(network)
      }
    }
  }
}
