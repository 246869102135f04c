import type { ClassifierOptions } from '@mobileone/sdk'
import {
  ClassifierSession,
  type ClassifierSetup,
  type ClassifierState,
  loading,
} from '@mobileone/sdk/lifecycle'
import { useSession } from './use-session.ts'

export type { ClassifierSetup, ClassifierState, CreateClassifier } from '@mobileone/sdk/lifecycle'

/** The state of a classifier, and what can be done with it. */
export type LoadedClassifier = ClassifierState & Pick<ClassifierSession, 'classify' | 'reload'>

/**
 * A classifier of these options that lives with the component: loaded when it is mounted, disposed of when it goes, loaded anew when
 * the options say something else. Data among them is compared by value, bytes and Blobs by identity, functions not at all: see `key`.
 * Without options there is none. `classify` waits for the load; `reload` tries again. Neither changes from render to render.
 * Nothing throws; `error` is a `MobileOneError`.
 */
export function useClassifier<Options extends object = ClassifierOptions>(
  setup: ClassifierSetup<Options> | undefined | null | false,
): LoadedClassifier {
  const [{ classify, reload }, state] = useSession<ClassifierState, ClassifierSession>(
    () => new ClassifierSession(),
    (session) => session.open(setup),
  )
  return { ...(setup && state.status === 'idle' ? loading : state), classify, reload }
}
