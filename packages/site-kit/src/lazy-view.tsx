/** @jsxImportSource preact */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Notice } from './notice.tsx'

interface Props<ViewProps> {
  /** Of the route: another name is another view. */
  readonly name: string
  readonly title: string
  readonly load: () => Promise<{ readonly default: ComponentType<ViewProps> }>
  readonly viewProps: ViewProps
}

/** The view of a route, when its code is there. */
export function LazyView<ViewProps extends object>({
  name,
  title,
  load,
  viewProps,
}: Props<ViewProps>): JSX.Element {
  const [shown, setShown] = useState<{
    readonly name: string
    readonly Component: ComponentType<ViewProps>
  }>()
  const [failure, setFailure] = useState<Error>()
  useEffect(() => {
    let isCurrent = true
    setFailure(undefined)
    load().then(
      (module) => isCurrent && setShown({ name, Component: module.default }),
      (error: Error) => isCurrent && setFailure(error),
    )
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
  return shown?.name === name ? <shown.Component {...viewProps} /> : <p class="loading">Loading…</p>
}
