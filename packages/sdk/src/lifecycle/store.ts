import { isMobileOneError, MobileOneError } from '@mobileone/core'

/** A state and those who are told when it changes. `subscribe` and `getState` are what `useSyncExternalStore` of React takes. */
export class Store<State extends object> {
  readonly #idle: State
  #state: State
  readonly #listeners = new Set<() => void>()

  constructor(idle: State) {
    this.#state = this.#idle = idle
  }

  readonly getState = (): State => this.#state

  /** Have `listener` called after each change; returns what ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The idle state with this in it. */
  protected publish(changes: Partial<State> = {}): void {
    this.#state = { ...this.#idle, ...changes }
    for (const listener of this.#listeners) listener()
  }
}

/** `cause` itself where it has a code of this project; else `unavailable`, because of it. */
export function coded(cause: unknown): MobileOneError {
  return isMobileOneError(cause) ? cause : new MobileOneError('unavailable', String(cause), { cause })
}
