/** @jsxImportSource preact */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { route } from './routes.ts'
import { Notice } from './ui/notice.tsx'

/** The view of the route, when its code is there. */
export function View(): JSX.Element {
  const { name, title, load } = route.value
  const [shown, setShown] = useState<{ readonly name: string; readonly Component: ComponentType }>()
  const [failure, setFailure] = useState<Error>()
  const first = useRef(true)
  useEffect(() => {
    let isCurrent = true
    setFailure(undefined)
    load().then(
      (module) => isCurrent && setShown({ name, Component: module.default }),
      (error: Error) => isCurrent && setFailure(error),
    )
    document.title = `${title} - MobileOne in your browser`
    if (!first.current) {
      scrollTo(0, 0)
      document.getElementById('main')?.focus({ preventScroll: true })
    }
    first.current = false
    return () => {
      isCurrent = false
    }
  }, [name])
  if (failure) {
    return (
      <Notice kind="error" title={`"${title}" could not be loaded`}>
        {failure.message}. Look at the connection, then{' '}
        {/* A browser remembers that a module has failed, until the page is left. */}
        <button type="button" class="plain" onClick={() => location.reload()}>
          Reload the page
        </button>
      </Notice>
    )
  }
  return shown?.name === name ? <shown.Component /> : <p class="loading">Loading…</p>
}
