import type { Store } from '@mobileone/sdk/lifecycle'
import {
  type ComputedRef,
  computed,
  getCurrentInstance,
  onActivated,
  onDeactivated,
  onMounted,
  onScopeDispose,
  type Ref,
  type ShallowRef,
  shallowRef,
  toRaw,
  watch,
} from 'vue'

/**
 * The state of a session that lives with the component, or with the scope outside of one. `open` is called when it is mounted and again when
 * `read` gives something else; the session is closed when the component goes, or is kept out of sight. On the server nothing is opened.
 */
export function useSession<State extends object, Given>(
  session: Store<State> & { close(): void },
  read: () => Given,
  open: (given: Given) => void,
): Readonly<ShallowRef<State>> {
  const state = shallowRef(session.getState()) as ShallowRef<State>
  session.subscribe(() => {
    state.value = session.getState()
  })
  let end = (): void => {}
  const start = (): void => {
    end()
    end = watch(read, open, { immediate: true })
  }
  const stop = (): void => {
    end()
    session.close()
  }
  if (getCurrentInstance()) {
    onMounted(start)
    onActivated(start)
    onDeactivated(stop)
  } else start()
  onScopeDispose(stop)
  return state
}

/** The parts of a state, each to be read, rendered and watched for itself. */
export function partsOf<State extends object>(
  state: Readonly<Ref<State>>,
): { readonly [Part in keyof State]: ComputedRef<State[Part]> } {
  const parts = Object.keys(state.value).map((name) => [
    name,
    computed(() => state.value[name as keyof State]),
  ])
  return Object.fromEntries(parts) as { [Part in keyof State]: ComputedRef<State[Part]> }
}

/** A copy of `options` as they are now, without Vue's proxies: models and bytes do not survive those. */
export function rawOptions<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, raw(value)])) as Options
}

function raw(value: unknown): unknown {
  const target = toRaw(value)
  if (target === value) return value
  if (Array.isArray(value)) return value.map(raw)
  return Object.getPrototypeOf(target) === Object.prototype ? rawOptions(value as object) : target
}
