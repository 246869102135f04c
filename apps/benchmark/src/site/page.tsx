/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type PageProps, place } from './routes.ts'

/** The page of the route, when its code is there. */
export function Page(): JSX.Element {
  const { route, rest } = place.value
  const { name, title, load } = route
  const [shown, setShown] = useState<{
    readonly name: string
    readonly Component: ComponentType<PageProps>
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
  return shown?.name === name ? <shown.Component rest={rest} /> : <p class="loading">Loading…</p>
}
