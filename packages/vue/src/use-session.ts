import type { Store } from '@mobileone/sdk/lifecycle'
import {
  getCurrentInstance,
  onActivated,
  onDeactivated,
  onMounted,
  onScopeDispose,
  type ShallowRef,
  shallowRef,
  toRaw,
  watch,
} from 'vue'

/**
 * The state of a session that lives with the component, or with the scope outside of one. `open` is called when it is mounted and again when
 * `read` gives something else; the session is closed when the component goes, or is kept out of sight. On the server nothing is opened.
 */
export function useSession<State, Given>(
  session: Store<State> & { close(): void },
  read: () => Given,
  open: (given: Given) => void,
): Readonly<ShallowRef<State>> {
  const state = shallowRef(session.getState())
  const unsubscribe = session.subscribe(() => {
    state.value = session.getState()
  })
  let isShown = true
  const start = (): void => {
    watch(read, (given) => isShown && open(given), { immediate: true, deep: true })
  }
  if (getCurrentInstance()) {
    onMounted(start)
    onDeactivated(() => {
      isShown = false
      session.close()
    })
    onActivated(() => {
      if (!isShown) open(read())
      isShown = true
    })
  } else start()
  onScopeDispose(() => {
    unsubscribe()
    session.close()
  })
  return state
}

/** A copy of `options` with what they hold themselves in place of Vue's proxies, which bytes and models do not survive. */
export function rawOptions<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, toRaw(value)])) as Options
}
