import type { ClassifierOptions } from '@mobileone/sdk'
import {
  ClassifierSession,
  type ClassifierSetup,
  type ClassifierState,
  loading,
} from '@mobileone/sdk/lifecycle'
import { type ComputedRef, computed, type MaybeRefOrGetter, toValue } from 'vue'
import { partsOf, rawOptions, useSession } from './use-session.ts'

export type { ClassifierSetup, ClassifierState, CreateClassifier } from '@mobileone/sdk/lifecycle'

/** The parts of the state of a classifier, and what can be done with it. */
export interface LoadedClassifier extends Pick<ClassifierSession, 'classify' | 'reload'> {
  readonly status: ComputedRef<ClassifierState['status']>
  readonly progress: ComputedRef<ClassifierState['progress']>
  readonly classifier: ComputedRef<ClassifierState['classifier']>
  readonly error: ComputedRef<ClassifierState['error']>
}

/**
 * A classifier of these options that lives with the component: loaded when it is mounted, disposed of when it goes, loaded anew when
 * the options, a ref or a getter of them, say something else. Data among them is compared by value, bytes and Blobs by identity,
 * functions not at all: see `key`. Without options there is none. `classify` waits for the load; `reload` tries again.
 * Nothing throws; `error` is a `MobileOneError`.
 */
export function useClassifier<Options extends object = ClassifierOptions>(
  setup: MaybeRefOrGetter<ClassifierSetup<Options> | undefined | null | false>,
): LoadedClassifier {
  const session = new ClassifierSession()
  const held = useSession<ClassifierState, ClassifierSetup<Options> | undefined>(
    session,
    () => {
      const given = toValue(setup)
      return given ? rawOptions(given) : undefined
    },
    (given) => session.open(given),
  )
  const state = computed(() => (held.value.status === 'idle' && toValue(setup) ? loading : held.value))
  return {
    ...partsOf(state),
    classify: session.classify,
    reload: session.reload,
  }
}
