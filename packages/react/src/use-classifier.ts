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
  const [{ classify, reload }, state] = useSession<ClassifierState, ReturnType<typeof makeSession>>(
    makeSession,
    (session) => {
      session.open(setup)
      session.opened()
    },
  )
  return { ...(setup && state.status === 'idle' ? loading : state), classify, reload }
}

/** A session whose `classify` waits until it is opened: whoever uses the page may be quicker than effects, which React runs after it has painted. */
function makeSession(): ClassifierSession & { readonly opened: () => void } {
  const session = new ClassifierSession()
  const { classify } = session
  let opened = (): void => {}
  const opening = new Promise<void>((resolve) => {
    opened = resolve
  })
  return Object.assign(session, {
    opened,
    classify: async (...given: Parameters<typeof classify>) => {
      await opening
      return classify(...given)
    },
  })
}
