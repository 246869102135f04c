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

  /** Make them on another thread, the one numbered `thread`: each network once, for as many heads as it has. */
  async openOn(connection: Connection, share: Omit<Share, 'packed'>): Promise<void> {
    const done = new Set<number>()
    const missing = (): [number, Entry][] => [...this.#entries].filter(([handle]) => !done.has(handle))
    for (let some = missing(); some.length > 0; some = missing()) {
      for (const source of new Set(some.map(([, entry]) => entry.source))) {
        const mine = some.filter(([, entry]) => entry.source === source)
        const own = mine.find(([, { head }]) => head === undefined)
        const network = own ? own[0] : this.next()
        await connection.ask({ type: 'create', handle: network }, [
          source,
          { ...share, packed: mine[0]?.[1].packed },
        ])
        for (const [handle, { head, calls }] of mine) {
          if (head) {
            await connection.ask({ type: 'call', handle: network, method: 'withHead', into: handle }, [
              undefined,
              head,
            ])
          }
          for (const [method, args] of calls) await connection.ask({ type: 'call', handle, method }, args)
          done.add(handle)
        }
        if (!own) await connection.ask({ type: 'close', handle: network }, [])
      }
    }
  }
}
