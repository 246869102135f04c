import { MobileOneError, type OnProgress, type Progress } from '@mobileone/core'

/** What one caller of a shared piece of work hears from it. */
export interface Listener {
  readonly what: string
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
  readonly onWarning: (message: string) => void
}

export interface Work {
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
  readonly onWarning: (message: string) => void
}

interface Flight<T> {
  readonly result: Promise<T>
  readonly passengers: Set<Listener>
  readonly controller: AbortController
}

/**
 * Calls with the same key share one run of `work`. It is aborted when every caller has aborted; the last of them waits
 * until it has cleaned up. A listener that throws fails its own call only.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** `shared` is true for every caller but the first. */
  async join(
    key: string,
    listener: Listener,
    work: (work: Work) => Promise<T>,
  ): Promise<{ value: T; shared: boolean }> {
    const running = this.#flights.get(key)
    const flight = running ?? this.#start(key, work)
    let departure: { readonly error: unknown } | undefined
    let leave = (): void => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const depart = (error: unknown): void => {
      if (!flight.passengers.delete(passenger)) return
      departure = { error }
      if (flight.passengers.size > 0) {
        leave()
        return
      }
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
      flight.controller.abort(error)
    }
    const passenger: Listener = {
      what: listener.what,
      signal: listener.signal,
      onProgress: guard(listener.onProgress, depart),
      onWarning: guard(listener.onWarning, depart),
    }
    const onAbort = (): void => {
      const cause = listener.signal?.reason
      depart(new MobileOneError('aborted', `${listener.what} was aborted`, { cause }))
    }

    flight.passengers.add(passenger)
    listener.signal?.addEventListener('abort', onAbort, { once: true })
    if (listener.signal?.aborted) onAbort()
    try {
      const result = await Promise.race([left, flight.result.then((value) => ({ value }))])
      if (result === undefined || departure) throw departure?.error
      return { value: result.value, shared: running !== undefined }
    } catch (error) {
      throw departure ? departure.error : error
    } finally {
      listener.signal?.removeEventListener('abort', onAbort)
      flight.passengers.delete(passenger)
    }
  }

  #start(key: string, work: (work: Work) => Promise<T>): Flight<T> {
    const passengers = new Set<Listener>()
    const controller = new AbortController()
    const result = Promise.resolve()
      .then(() =>
        work({
          signal: controller.signal,
          onProgress: (progress: Progress) => {
            for (const passenger of [...passengers]) passenger.onProgress?.(progress)
          },
          onWarning: (message) => {
            for (const passenger of [...passengers]) passenger.onWarning(message)
          },
        }),
      )
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      })
    const flight: Flight<T> = { result, passengers, controller }
    this.#flights.set(key, flight)
    return flight
  }
}

function guard<A>(
  callback: ((value: A) => void) | undefined,
  onThrow: (error: unknown) => void,
): (value: A) => void {
  return (value) => {
    try {
      callback?.(value)
    } catch (error) {
      onThrow(error)
    }
  }
}
