import type { Store } from '@mobileone/sdk/lifecycle'
import { useEffect, useState, useSyncExternalStore } from 'react'

/**
 * A session that lives with the component, and its state. `open` is called after every commit, since the session knows what has changed; `close`
 * when the component goes. On the server neither is.
 */
export function useSession<State extends object, Session extends Store<State> & { close(): void }>(
  make: () => Session,
  open: (session: Session) => void,
): readonly [Session, State] {
  const [session] = useState(make)
  const state = useSyncExternalStore(session.subscribe, session.getState, session.getState)
  useEffect(() => open(session))
  useEffect(() => session.close, [session])
  return [session, state]
}
